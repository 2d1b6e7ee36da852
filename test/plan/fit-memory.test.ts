import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fitMemory } from '../../src/plan/fit-memory.js';
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
const streamed = await planned('task_arithmetic', 'weight: 1');
const inSlabs = await planned('della', 'weight: 1, density: 0.5, epsilon: 0.1');

const megabyte = 1e6;
const fitted = (plan: Plan, limit: number, threads = 8, fixed = false) => fitMemory(plan, { limit, threads, fixed });

describe('a limit of memory', () => {
  test('that is wide keeps all threads and whole chunks', () => {
    expect(fitted(streamed, 4000 * megabyte)).toMatchObject({ threads: 8, chunkElements: 524_288 });
  });

  test('makes chunks smaller before it takes threads away, and is kept', () => {
    const wide = fitted(streamed, 4000 * megabyte).peakMemory;
    const smaller = fitted(streamed, wide - 1);
    expect(smaller).toMatchObject({ threads: 8, chunkElements: 262_144 });
    const fewer = fitted(streamed, 190 * megabyte);
    expect(fewer.threads).toBeLessThan(8);
    expect(fewer.chunkElements % 65_536).toBe(0);
    for (const { peakMemory, limit } of [smaller, fewer].map((each, index) => ({
      ...each,
      limit: index === 0 ? wide - 1 : 190 * megabyte,
    }))) {
      expect(peakMemory).toBeLessThanOrEqual(limit);
    }
  });

  test('takes no thread away that was asked for', () => {
    expect(fitted(streamed, 190 * megabyte, 8, true)).toMatchObject({ threads: 8, chunkElements: 65_536 });
  });

  test('out of reach tells what is needed at least', () => {
    const least = fitted(inSlabs, 170 * megabyte);
    expect(least.threads).toBe(1);
    // A slab of a million elements of three models as float32 at the very least.
    expect(least.peakMemory).toBeGreaterThan(165 * megabyte + 3 * 4 * megabyte);
    expect(fitted(inSlabs, least.peakMemory)).toEqual({ ...least, chunkElements: 524_288 });
  });
});
