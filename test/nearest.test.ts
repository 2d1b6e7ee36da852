import { expect, test } from 'vitest';
import { nearest, suggestion } from '../src/nearest.js';

test.each([
  ['dare-ties', ['ties', 'dare_ties', 'dare_linear'], 'dare_ties'],
  ['tise', ['slerp', 'ties'], 'ties'],
  ['wieght', ['density', 'weight'], 'weight'],
  ['LINEAR', ['linear'], 'linear'],
  ['zebra', ['ties', 'slerp'], undefined],
])('%s among %j is %s', (word, candidates, expected) => {
  expect(nearest(word, candidates)).toBe(expected);
});

test('a word near to nothing gets the list', () => {
  expect(suggestion('zebra', ['ties', 'slerp'])).toBe('one of: ties, slerp');
});
