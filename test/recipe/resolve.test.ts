import { describe, expect, test } from 'vitest';
import type { ParameterSpec } from '../../src/protocol/method-spec.js';
import type { Settings } from '../../src/recipe/recipe.js';
import { resolveParameter, valueAt, valueFor } from '../../src/recipe/resolve.js';

describe('a gradient', () => {
  test.each([
    [[0, 1], 0, 0],
    [[0, 1], 0.25, 0.25],
    [[0, 1], 1, 1],
    [[0, 0.5, 1, 0], 2 / 3, 1],
    [[0, 0.5, 1, 0], 5 / 6, 0.5],
    [[7], 0.5, 7],
    [3, 0.9, 3],
  ])('%j at %d is %d', (value, t, expected) => {
    expect(valueAt(value, t)).toBeCloseTo(expected, 12);
  });

  test('of truth values takes the element reached', () => {
    expect([0, 0.49, 0.5, 0.99, 1].map((t) => valueAt([true, false, true], t))).toEqual([
      true,
      true,
      false,
      false,
      true,
    ]);
  });
});

const specs: Record<string, ParameterSpec> = {
  weight: { type: 'number', meaning: '' },
  density: { type: 'number', default: 1, meaning: '' },
};
const setting = (...entries: [string | null, number | number[]][]) => ({
  path: [],
  entries: entries.map(([filter, value]) => ({ filter, value, path: [] })),
});
const resolve = (levels: readonly Settings[], tensor: string, t = 0) =>
  Object.fromEntries(
    Object.entries(specs).map(([name, spec]) => [name, valueFor(resolveParameter(name, spec, levels), tensor, t)]),
  );

describe('a parameter', () => {
  const model = { weight: setting(['mlp', 0.5], ['layers.1', 0.7]) };
  const global = { weight: setting([null, 0.1]), density: setting([null, [0, 1]]) };

  test('takes the first filter that is part of the name, even if a later one says more', () => {
    expect(resolve([model, global], 'layers.1.mlp.up').weight).toBe(0.5);
  });
  test('falls through to the next level when no filter matches', () => {
    expect(resolve([model, global], 'layers.0.attn').weight).toBe(0.1);
  });
  test('falls through to the default, and to nothing without one', () => {
    expect(resolve([model], 'layers.0.attn')).toEqual({ density: 1, weight: undefined });
  });
  test('follows its gradient', () => {
    expect(resolve([global], 'layers.2.attn', 0.25).density).toBe(0.25);
  });
});
