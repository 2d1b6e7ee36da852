import { expect, test } from 'vitest';
import { peakMemory } from '../../src/plan/peak-memory.js';
import type { Operation, Step, StepInput } from '../../src/protocol/plan.js';

const input = (shape: number[], more: Partial<StepInput> = {}): StepInput => ({
  model: 0,
  tensor: 'w',
  shape,
  parts: [],
  rows: null,
  lora: null,
  ...more,
});
const step = (shape: number[], inputs: StepInput[] = [input(shape), input(shape)]): Step => ({
  tensor: 'w',
  shape,
  operation: 0,
  base: null,
  inputs,
  output: { shard: 0, offset: 0, bytes: 0, dtype: 'F32' },
});
const predict = (how: Pick<Operation, 'method' | 'shared'>, ...steps: Step[]) =>
  peakMemory(steps, [{ ...how, perInput: [] }], []);
const linear = { method: 'linear', shared: {} } as const;
const nuslerp = (flatten: boolean, rowWise: boolean) =>
  ({ method: 'nuslerp', shared: { nuslerp_flatten: flatten, nuslerp_row_wise: rowWise } }) as const;

test('memory does not grow with a tensor that streams, but with what must lie in one chunk', () => {
  const [small, large] = [
    [600, 1000],
    [600, 1_000_000],
  ].map((shape) => step(shape)) as [Step, Step];
  for (const how of [linear, nuslerp(true, false)]) expect(predict(how, large)).toBe(predict(how, small));
  for (const how of [nuslerp(false, false), { method: 'della', shared: {} } as const]) {
    // Four inputs' worth of float32 for each of two threads at the very least.
    expect(predict(how, large) - predict(how, small)).toBeGreaterThan(2 * 16 * 700_000);
  }
  expect(predict(nuslerp(false, true), large) - predict(nuslerp(false, true), small)).toBeGreaterThan(2 * 40 * 999_000);
});

test('mapped and updated inputs need more', () => {
  const shape = [1000, 1000];
  const plain = predict(linear, step(shape));
  expect(predict(linear, step(shape, [input(shape), input(shape, { rows: 0 })]))).toBeGreaterThan(plain);
  const factor = (...sizes: number[]) => ({
    file: 0,
    offset: 0,
    bytes: 2 * 64_000,
    dtype: 'BF16' as const,
    shape: sizes,
  });
  const lora = { a: factor(64, 1000), b: factor(1000, 64), scale: 1, transposed: false, magnitude: null };
  const updated = predict(linear, step(shape, [input(shape), input(shape, { lora })]));
  // Both factors as float32 in each of two threads.
  expect(updated - plain).toBeGreaterThanOrEqual(2 * 2 * 64_000 * 4);
});
