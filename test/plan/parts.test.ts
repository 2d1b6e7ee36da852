import { describe, expect, test } from 'vitest';
import { partsOf, placesOf } from '../../src/plan/parts.js';
import type { AdapterStep, Plan, Step } from '../../src/protocol/plan.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });

const planned = async (): Promise<Plan> => {
  const text =
    'merge_method: task_arithmetic\nbase_model: base\nmodels: [{ model: one }, { model: two }]\nparameters: { weight: 1 }\n';
  const { plan, faults } = await planText(folder, text);
  if (plan === null) throw new Error(JSON.stringify(faults));
  return plan;
};

/** Steps of these sizes, each copied from one input, one after the other in shards of `perShard` steps. */
const stepsOf = (sizes: readonly number[], perShard = sizes.length): Step[] =>
  sizes.map((bytes, index) => ({
    tensor: `t${index}`,
    shape: [bytes],
    operation: null,
    base: null,
    inputs: [
      {
        model: 0,
        tensor: `t${index}`,
        shape: [bytes],
        parts: [{ file: 0, offset: 0, bytes, dtype: 'U8', shape: [bytes] }],
        rows: null,
        lora: null,
      },
    ],
    output: {
      shard: Math.floor(index / perShard),
      offset: sizes.slice(index - (index % perShard), index).reduce((sum, size) => sum + size, 100),
      bytes,
      dtype: 'U8',
    },
  }));

const planWith = async (steps: Step[], adapterSteps: AdapterStep[] = []): Promise<Plan> => ({
  ...(await planned()),
  steps,
  adapterSteps,
});

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('a plan in parts', () => {
  test('of a part has exactly its steps', async () => {
    const plan = await planned();
    for (const part of partsOf(plan, 2)) {
      const halves = partsOf(plan, 2, part);
      expect(halves.every(({ steps }) => steps.length > 0)).toBe(true);
      expect(halves.flatMap(({ steps }) => steps)).toEqual(part.steps);
    }
  });

  test.each([1, 2, 3, 7, 500])('has every step in exactly one of %i', async (count) => {
    const plan = await planned();
    const parts = partsOf(plan, count);
    expect(parts.length).toBe(count);
    expect(parts.flatMap(({ steps }) => steps).sort((one, other) => one - other)).toEqual(numbers(plan.steps.length));
    expect(partsOf(structuredClone(plan), count)).toEqual(parts);
  });

  test('is balanced to the largest tensor', async () => {
    const sizes = numbers(400).map((index) => (index * 7919) % 1000);
    const plan = await planWith(stepsOf(sizes, 37));
    const bytes = partsOf(plan, 8).map((part) => placesOf(plan, part).reduce((sum, place) => sum + place.bytes, 0));
    const share = sizes.reduce((sum, size) => sum + size, 0) / 8;
    // 400 tensors count one byte more each, for those that have none.
    for (const each of bytes) expect(Math.abs(each - share)).toBeLessThan(Math.max(...sizes) + 400);
  });

  test('follows the output files, whatever the order of the steps', async () => {
    const steps = stepsOf([5, 5, 5, 5, 5, 5], 2);
    const plan = await planWith([...steps].reverse());
    const tensors = partsOf(plan, 3).map((part) => placesOf(plan, part).map(({ tensor }) => tensor));
    expect(tensors).toEqual([
      ['t0', 't1'],
      ['t2', 't3'],
      ['t4', 't5'],
    ]);
  });

  test('deals out stored factors, both of one update together', async () => {
    const place = (offset: number) => ({ shard: 0, offset, bytes: 50, dtype: 'U8' as const });
    const update = (index: number): AdapterStep => ({
      tensor: `w${index}`,
      shape: [5, 5],
      mode: 'factor',
      operation: 0,
      base: null,
      inputs: [],
      rank: 1,
      padding: 'back',
      scale: 1,
      factors: { a: place(1000 + 100 * index), b: place(1050 + 100 * index) },
      step: null,
    });
    const added: AdapterStep = { ...update(9), factors: null, step: 0 };
    const plan = await planWith(stepsOf([100]), [update(0), added, update(1)]);
    const parts = partsOf(plan, 2);
    expect(parts).toEqual([
      { steps: [0], adapterSteps: [] },
      { steps: [], adapterSteps: [0, 2] },
    ]);
    expect(parts.flatMap((part) => placesOf(plan, part)).map(({ offset }) => offset)).toEqual([
      100, 1000, 1050, 1100, 1150,
    ]);
  });
});

test('a hundred thousand tensors are split at once', async () => {
  const sizes = numbers(100_000).map(() => 10);
  const [one] = stepsOf([10]);
  const steps = sizes.map((_, index) => ({
    ...one,
    output: { shard: 0, offset: 100 + 10 * index, bytes: 10, dtype: 'U8' },
  }));
  const plan = await planWith(steps as Step[]);
  const started = performance.now();
  const parts = partsOf(plan, 64);
  expect(performance.now() - started).toBeLessThan(2000);
  expect(new Set(parts.map(({ steps: own }) => own.length))).toEqual(new Set([1562, 1563]));
});
