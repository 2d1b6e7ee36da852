import { describe, expect, test } from 'vitest';
import type { ParameterSpec } from '../../src/protocol/method-spec.js';
import { coerce } from '../../src/recipe/coerce.js';
import { valueAt } from '../../src/recipe/resolve.js';

const dialect: ParameterSpec = { type: 'choice', choices: ['mergekit', 'paper'], default: 'mergekit', meaning: '' };
const rescale: ParameterSpec = { ...dialect, choices: ['none', 'l1'], flags: { true: 'l1', false: 'none' } };

describe('a parameter that is one of some words', () => {
  test('takes its words alone', () => {
    expect(coerce('paper', dialect)).toBe('paper');
    for (const value of ['Paper', 'papre', true, 1]) {
      expect(coerce(value, dialect)).toEqual({ expected: 'one of: mergekit, paper' });
    }
  });

  test.each([
    [true, 'l1'],
    [false, 'none'],
    ['yes', 'l1'],
    [0, 'none'],
    ['none', 'none'],
    ['l2', { expected: 'one of: none, l1' }],
  ])('that was a flag takes %j for %j', (value, expected) => {
    expect(coerce(value, rescale)).toEqual(expected);
  });

  test('is picked from a gradient by the element reached', () => {
    expect([0, 0.49, 0.5, 1].map((t) => valueAt(['a', 'b', 'c'], t))).toEqual(['a', 'a', 'b', 'c']);
  });
});
