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
