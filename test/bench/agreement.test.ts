import { expect, test } from 'vitest';
import { disagreement } from '../../scripts/bench/agreement.mjs';

test('what rounding explains is no disagreement', () => {
  expect(disagreement('linear', { difference: 0, one: 0.002, other: 0.002 })).toBeNull();
  expect(disagreement('multislerp', { difference: 0.0002, one: 0.0015, other: 0.0015 })).toBeNull();
});

test('a merge that is not the same is a disagreement', () => {
  expect(disagreement('ties', { difference: 0.001, one: 0.002, other: 0.002 })).toContain('0.50');
  expect(disagreement('passthrough', { difference: 0.001, one: 0, other: 0.001 })).not.toBeNull();
  expect(disagreement('linear', { problem: 'lm_head is missing' })).toBe('lm_head is missing');
});

test('methods that drop at random agree in how far they go from the base', () => {
  expect(disagreement('dare_ties', { difference: 0.0025, one: 0.003, other: 0.0031 })).toBeNull();
  expect(disagreement('dare_ties', { difference: 0.0025, one: 0.003, other: 0.0015 })).toContain('0.50');
});
