import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StepInput } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const experts = 3;
const rows = 2;
const columns = 5;
const layer = 'model.layers.0';

/** Numbers that tell expert, matrix and element apart. */
const numbers = (expert: number, matrix: number, count: number) =>
  Array.from({ length: count }, (_, element) => expert * 100 + matrix * 1000 + element);
const each = [0, 1, 2];
const gate = (expert: number) => numbers(expert, 1, rows * columns);
const up = (expert: number) => numbers(expert, 2, rows * columns);
const down = (expert: number) => numbers(expert, 3, columns * rows);

const perExpert = (block: string, names: readonly [string, string, string]): TestTensors => {
  const [gateName, upName, downName] = names;
  return Object.fromEntries(
    each.flatMap((expert) => [
      [
        `${layer}.${block}.experts.${expert}.${gateName}.weight`,
        { dtype: 'F32', shape: [rows, columns], data: gate(expert) },
      ],
      [
        `${layer}.${block}.experts.${expert}.${upName}.weight`,
        { dtype: 'F32', shape: [rows, columns], data: up(expert) },
      ],
      [
        `${layer}.${block}.experts.${expert}.${downName}.weight`,
        { dtype: 'F32', shape: [columns, rows], data: down(expert) },
      ],
    ]),
  );
};
const fused: TestTensors = {
  [`${layer}.mlp.experts.gate_up_proj`]: {
    dtype: 'F32',
    shape: [experts, 2 * rows, columns],
    data: each.flatMap((expert) => [...gate(expert), ...up(expert)]),
  },
  [`${layer}.mlp.experts.down_proj`]: { dtype: 'F32', shape: [experts, columns, rows], data: each.flatMap(down) },
};
const router: TestTensors = { [`${layer}.mlp.gate.weight`]: { dtype: 'F32', shape: [experts, columns] } };
const write = (name: string, tensors: TestTensors) =>
  writeCheckpoint(join(folder, name), {
    tensors,
    config: { architectures: ['MixtralForCausalLM'], model_type: 'mixtral' },
  });
write('fused', { ...fused, ...router });
write('single', { ...perExpert('mlp', ['gate_proj', 'up_proj', 'down_proj']), ...router });
write('mixtral', {
  ...perExpert('block_sparse_moe', ['w1', 'w3', 'w2']),
  [`${layer}.block_sparse_moe.gate.weight`]: { dtype: 'F32', shape: [experts, columns] },
});
write('fewer', {
  [`${layer}.mlp.experts.gate_up_proj`]: { dtype: 'F32', shape: [2, 2 * rows, columns] },
  [`${layer}.mlp.experts.down_proj`]: { dtype: 'F32', shape: [2, columns, rows] },
  ...router,
});

const { readFileSync } = await import('node:fs');
const planOf = (base: string, other: string) =>
  planText(
    folder,
    `merge_method: task_arithmetic\nbase_model: ${base}\nmodels: [{ model: ${other} }]\nparameters: { weight: 1 }\n`,
  );

describe.each([
  ['fused', 'single'],
  ['fused', 'mixtral'],
  ['single', 'fused'],
  ['mixtral', 'fused'],
  ['mixtral', 'single'],
])('experts of %s merged with those of %s', (base, other) => {
  test('are the same numbers, in the layout of the base', async () => {
    const { plan, faults } = await planOf(base, other);
    expect(faults).toEqual([]);
    const read = ({ parts }: StepInput) =>
      parts.flatMap(({ file, offset, bytes }) => {
        const content = readFileSync(plan?.files[file]?.path ?? '').subarray(offset, offset + bytes);
        return Array.from({ length: bytes / 4 }, (_, index) => content.readFloatLE(index * 4));
      });
    expect(plan?.steps.length).toBe(base === 'fused' ? 3 : 10);
    for (const { tensor, shape, base: own, inputs } of plan?.steps ?? []) {
      const [theirs] = inputs;
      if (own === null || theirs === undefined) throw new Error(`${tensor} has no inputs`);
      expect(own.tensor).toBe(tensor);
      expect(read(theirs)).toEqual(read(own));
      expect(theirs.shape).toEqual(shape);
      expect(read(own).length).toBe(shape.reduce((product, size) => product * size, 1));
    }
  });
});

test('another number of experts does not fit', async () => {
  const { faults } = await planOf('fused', 'fewer');
  expect(faults.map(({ code }) => code)).toEqual(['shape-mismatch']);
  expect(faults[0]?.message).toContain('MLP 3 in fused; 2 in fewer (2 tensors');
});
