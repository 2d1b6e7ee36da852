import { expect, test } from 'vitest';
import { median } from '../../scripts/bench/median.mjs';

test('the median is the middle number, or the mean of two, in whatever order they come', () => {
  expect(median([3, 1, 2])).toBe(2);
  expect(median([4, 1, 3, 10])).toBe(3.5);
  expect(median([7])).toBe(7);
});

test('numbers are compared as numbers', () => {
  expect(median([10, 9, 100])).toBe(10);
});
