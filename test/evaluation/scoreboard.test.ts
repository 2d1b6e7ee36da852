import { describe, expect, test } from 'vitest';
import { type ModelResult, scoreboardOf } from '../../src/evaluation/scoreboard.js';

const result = (task: string, scores: number[]) => ({
  task,
  n: scores.length,
  reused: 0,
  mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  standardError: null,
  metrics: {},
  scores,
  ids: scores.map((_, index) => `${index}`),
  predictions: scores.map(() => ''),
  seconds: 1,
});

const model = (name: string, role: ModelResult['role'], ...samples: number[][]): ModelResult => ({
  name,
  role,
  results: samples.map((scores, index) => result(`task-${index}`, scores)),
});

const ones = (right: number, of: number) => Array.from({ length: of }, (_, index) => (index < right ? 1 : 0));

describe('the scoreboard', () => {
  const base = model('base', 'base', [0, 0, 1, 1], [0.5, 0.5]);
  const parent = model('parent', 'parent', [1, 0, 1, 0], [0.2, 0.4]);
  const merge = model('merge', 'merge', [1, 1, 1, 0], [0.6, 1]);
  const { rows, tasks } = scoreboardOf([base, parent, merge]);

  test('means over tasks, and errors of independent samples', () => {
    expect(tasks).toEqual(['task-0', 'task-1']);
    expect(rows.map(({ mean }) => mean)).toEqual([0.5, 0.4, 0.775].map((value) => expect.closeTo(value, 12)));
    // Variances of the mean: 1/3/4 on task 0; 0 on task 1.
    expect(rows[0]?.standardError).toBeCloseTo(Math.sqrt(1 / 12) / 2, 12);
  });

  test('gains are paired over examples', () => {
    // merge - parent: task 0 [0,1,0,0], task 1 [0.4,0.6]; means 0.25 and 0.5.
    expect(rows[1]?.gain).toBeCloseTo(0.375, 12);
    const variances = [(3 * 0.0625 + 0.5625) / 3 / 4, 0.02 / 2];
    expect(rows[1]?.gainError).toBeCloseTo(Math.sqrt((variances[0] ?? 0) + (variances[1] ?? 0)) / 2, 12);
    expect(rows[2]?.gain).toBeNull();
  });

  test('the merge is compared with the best of the others on each task', () => {
    expect(rows[2]?.scores.map(({ delta }) => delta)).toEqual([expect.closeTo(0.25, 12), expect.closeTo(0.3, 12)]);
    expect(rows[0]?.scores.map(({ delta }) => delta)).toEqual([null, null]);
  });
});

describe('differences to each model', () => {
  const base = model('base', 'base', [0, 0, 1, 1], [0.5, 0.5]);
  const parent = model('parent', 'parent', [1, 0, 1, 0], [0.2, 0.4]);
  const merge = model('merge', 'merge', [1, 1, 1, 0], [0.6, 1]);

  test('are paired on every task', () => {
    const { rows } = scoreboardOf([base, parent, merge]);
    expect(rows.map(({ scores }) => scores.map(({ gain }) => gain))).toEqual([
      [expect.closeTo(0.25, 12), expect.closeTo(0.3, 12)],
      [expect.closeTo(0.25, 12), expect.closeTo(0.5, 12)],
      [null, null],
    ]);
    // merge - base on task 0: [1,1,0,-1], mean 1/4, squares 0.5625 + 0.5625 + 0.0625 + 1.5625.
    expect(rows[0]?.scores[0]?.gainError).toBeCloseTo(Math.sqrt(2.75 / 3 / 4), 12);
  });

  test('of one example have no error, and no verdict is drawn from them', () => {
    const { rows, verdict } = scoreboardOf([model('p', 'parent', [0]), model('m', 'merge', [1])]);
    expect(rows[0]).toMatchObject({ gain: 1, gainError: null });
    expect(verdict).toBe('m and p cannot be told apart: +100.0 points on average, with no error to judge it by');
  });
});

describe('tasks without targets', () => {
  const untold = { ...result('test', []), n: 7, mean: null, predictions: Array(7).fill('0') };
  const models = [model('p', 'parent', [1, 0, 0, 1]), model('m', 'merge', [1, 1, 0, 1])].map((each) => ({
    ...each,
    results: [...each.results, untold],
  }));

  test('have no mean and are left out of means and gains', () => {
    const { rows, tasks } = scoreboardOf(models);
    expect(tasks).toEqual(['task-0', 'test']);
    expect(rows.map(({ mean }) => mean)).toEqual([0.5, 0.75]);
    expect(rows[0]?.gain).toBe(0.25);
    expect(rows.map(({ scores }) => scores[1])).toEqual(
      [0, 1].map(() => ({ ...rows[0]?.scores[1], n: 7, mean: null, delta: null, gain: null })),
    );
  });

  test('alone leave no mean at all', () => {
    const only = models.map((each) => ({ ...each, results: [untold] }));
    const { rows, verdict } = scoreboardOf(only);
    expect(rows.map(({ mean, gain }) => [mean, gain])).toEqual([
      [null, null],
      [null, null],
    ]);
    expect(verdict).toBe('');
  });
});

describe('the share kept of a gain', () => {
  const n = 200;
  const sample = (rate: number, step: number) =>
    Array.from({ length: n }, (_, index) => ((index * step) % n < rate * n ? 1 : 0));
  const weak = [sample(0.3, 7), sample(0.5, 11)];
  const strong = [sample(0.32, 13), sample(0.9, 11)];
  const merged = [sample(0.3, 7), sample(0.8, 17)];
  const base = model('base', 'base', ...weak);
  const merge = model('merge', 'merge', ...merged);
  const average = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

  test('is of the task with the largest gain, with the error of a ratio of correlated means', () => {
    const { rows } = scoreboardOf([base, model('specialist', 'parent', ...strong), merge]);
    const x = merged[1]?.map((value, index) => value - (weak[1]?.[index] ?? 0)) ?? [];
    const y = strong[1]?.map((value, index) => value - (weak[1]?.[index] ?? 0)) ?? [];
    const covariance = (a: readonly number[], b: readonly number[]) =>
      a.reduce((sum, value, index) => sum + (value - average(a)) * ((b[index] ?? 0) - average(b)), 0) / (n - 1) / n;
    const ratio = average(x) / average(y);
    const relative =
      covariance(x, x) / average(x) ** 2 +
      covariance(y, y) / average(y) ** 2 -
      (2 * covariance(x, y)) / (average(x) * average(y));
    expect(rows[1]?.kept).toEqual({
      task: 'task-1',
      share: expect.closeTo(0.75, 12),
      error: expect.closeTo(ratio * Math.sqrt(relative), 12),
    });
    expect([rows[0]?.kept, rows[2]?.kept]).toEqual([null, null]);
  });

  test('is not told of a gain within two standard errors, nor without a base', () => {
    const slight = model('slight', 'parent', strong[0] ?? [], weak[1] ?? []);
    expect(scoreboardOf([base, slight, merge]).rows[1]?.kept).toBeNull();
    expect(scoreboardOf([model('specialist', 'parent', ...strong), merge]).rows[0]?.kept).toBeNull();
  });
});

describe('the verdict', () => {
  const verdict = (merged: number, parent: number) =>
    scoreboardOf([model('p', 'parent', ones(parent, 200)), model('m', 'merge', ones(merged, 200))]).verdict;

  test('claims a win only beyond two standard errors', () => {
    expect(verdict(140, 100)).toMatch(/^m beats every model it was made of: \+20\.0 ± 2\.8 points/);
    expect(verdict(103, 100)).toMatch(/^m and p cannot be told apart: \+1\.5 ± /);
    expect(verdict(100, 140)).toMatch(/^p is better than m: −20\.0 ± 2\.8 points/);
  });

  test('says nothing without a merge', () => {
    expect(scoreboardOf([model('p', 'parent', [1, 0])]).verdict).toBe('');
  });
});
