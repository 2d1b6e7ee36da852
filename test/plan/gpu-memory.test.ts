import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fitGpuMemory } from '../../src/plan/gpu-memory.js';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const tensors = { 'model.layers.0.conv.weight': { dtype: 'BF16' as const, shape: [4, 1000, 1000] } };
const names = ['base', 'one', 'two', 'three'];
for (const name of names) writeCheckpoint(join(folder, name), { tensors, sparse: true });

const planned = async (...models: string[]): Promise<Plan> => {
  const listed = models.map((model) => `{ model: ${model} }`).join(', ');
  const text = `merge_method: task_arithmetic\nbase_model: base\nmodels: [${listed}]\nparameters: { weight: 1 }\n`;
  const { plan, faults } = await planText(folder, text);
  if (plan === null) throw new Error(JSON.stringify(faults));
  return plan;
};
const two = await planned('one', 'two');
const three = await planned('one', 'two', 'three');
const gigabyte = 1e9;
const fitted = (plan: Plan, limit: number, threads = 2) => fitGpuMemory(plan, { limit, threads, fixed: false });

describe('a limit of memory on a GPU', () => {
  test('that is wide keeps all threads and the largest chunks', () => {
    expect(fitted(two, 10 * gigabyte)).toMatchObject({ threads: 2, chunkElements: 1_048_576 });
  });

  test('makes chunks smaller before it takes a thread away, and is kept', () => {
    const wide = fitted(two, 10 * gigabyte).peakMemory;
    const smaller = fitted(two, wide - 1);
    expect(smaller).toMatchObject({ threads: 2, chunkElements: 524_288 });
    expect(smaller.peakMemory).toBeLessThan(wide);
    const smallest = fitted(two, 0);
    expect(smallest).toMatchObject({ threads: 1, chunkElements: 65_536 });
  });

  test('counts two buffers on either side of the bus for each model that more takes part', () => {
    const of = (plan: Plan) => fitted(plan, 10 * gigabyte, 1).peakMemory;
    // As stored, on both sides twice; as stored, widened and copied, in float32.
    expect(of(three) - of(two)).toBeGreaterThanOrEqual(1_048_576 * (2 * 2 * 2 + 4));
  });
});
