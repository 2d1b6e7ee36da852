import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { secondsWith } from '../../src/plan/estimate.js';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const tensors = { 'model.layers.0.conv.weight': { dtype: 'BF16' as const, shape: [4, 1000, 1000] } };
for (const name of ['base', 'one', 'two']) writeCheckpoint(join(folder, name), { tensors, sparse: true });

const planned = async (method: string, parameters: string): Promise<Plan> => {
  const text = `merge_method: ${method}\nbase_model: base\nmodels: [{ model: one }, { model: two }]\nparameters: { ${parameters} }\n`;
  const { plan, faults } = await planText(folder, text);
  if (plan === null) throw new Error(JSON.stringify(faults));
  return plan;
};
const plain = (await planned('task_arithmetic', 'weight: 1')).estimate;
const ranked = (await planned('della', 'weight: 1, density: 0.5, epsilon: 0.1')).estimate;
const whole = (await planned('ties', 'weight: 1, density: 1')).estimate;
const trimmed = (await planned('ties', 'weight: 1, density: 0.5')).estimate;

describe('the estimate of a plan', () => {
  test('counts every byte of the inputs and of the output once', () => {
    expect(plain.bytesRead).toBe(3 * 8_000_000);
    expect(plain.bytesWritten).toBeGreaterThanOrEqual(8_000_000);
    expect(ranked.bytesRead).toBe(plain.bytesRead);
  });

  test('takes longer for methods that do more, and for parameters that ask for more', () => {
    expect(ranked.seconds).toBeGreaterThan(2 * plain.seconds);
    expect(trimmed.seconds).toBeGreaterThan(whole.seconds);
  });

  test('is made for two threads; more share the work, and no merge is faster than the disk', () => {
    expect(secondsWith(ranked, 2)).toBeCloseTo(ranked.seconds, 12);
    expect(secondsWith(ranked, 1)).toBeCloseTo(2 * ranked.seconds, 12);
    expect(secondsWith(ranked, 3)).toBeCloseTo((2 * ranked.seconds) / 3, 12);
    const many = secondsWith(ranked, 1e12);
    // Whatever does not depend on the method: the bytes of the output, which are the same.
    expect(many).toBeCloseTo(secondsWith(plain, 1e12), 9);
    expect(many).toBeGreaterThan(0);
    expect(many).toBeLessThan(ranked.seconds / 2);
  });
});
