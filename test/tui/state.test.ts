import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { gridOfEvaluation } from '../../src/tui/evaluation-state.js';
import { type DashboardState, elapsedSeconds, initialState, reduce, silentSeconds } from '../../src/tui/state.js';
import { at, failed, finished, progress, recorded, started } from './events.js';

const stateAfter = (...events: readonly RunEvent[]): DashboardState => events.reduce(reduce, initialState('t'));

const mergeStarted = at(0, { type: 'merge-started', bytesTotal: 1000, tensorsTotal: 10 });
const scored = (model: string, task: string, done: number, mean: number, total = 100): RunEvent =>
  at(done, { type: 'evaluation-progress', model, task, done, total, mean, standardError: 0.03 });
const evaluationStarted = at(0, {
  type: 'evaluation-started',
  models: [
    { name: 'base', role: 'base' },
    { name: 'a', role: 'parent' },
    { name: 'b', role: 'parent' },
    { name: 'merge', role: 'merge' },
  ],
  tasks: ['x', 'y'],
});

describe('phases', () => {
  test.each([
    ['nothing', [], 'starting'],
    ['the plan', recorded.slice(0, 2), 'planned'],
    ['the worker', recorded.slice(0, 4), 'worker'],
    ['the merge', [started, mergeStarted], 'merging'],
    ['the evaluation', [started, evaluationStarted], 'evaluating'],
    ['the end', [started, finished(5)], 'finished'],
    ['a failure', [started, failed(5)], 'failed'],
    ['anything after the end', [started, finished(5), progress(6, 1), failed(7)], 'finished'],
    ['anything after a failure', [started, failed(5), finished(7)], 'failed'],
  ])('after %s', (_, events, phase) => {
    expect(stateAfter(...events).phase).toBe(phase);
  });
});

describe('a merge', () => {
  test('has its rate and time left from steady progress', () => {
    const steps = Array.from({ length: 50 }, (_, index) => progress(100 * (index + 1), 10 * (index + 1)));
    const { merge } = stateAfter(started, mergeStarted, ...steps);
    expect(merge?.rate).toBeCloseTo(100, 6);
    expect(merge?.eta).toBeCloseTo(5, 6);
    expect(merge?.fraction).toBeCloseTo(0.5, 12);
  });

  test('forgets an old rate', () => {
    const slow = Array.from({ length: 10 }, (_, index) => progress(1000 * (index + 1), index + 1));
    const fast = Array.from({ length: 10 }, (_, index) => progress(10_000 + 1000 * (index + 1), 10 + 50 * (index + 1)));
    const rate = stateAfter(started, mergeStarted, ...slow, ...fast).merge?.rate ?? 0;
    expect(rate).toBeGreaterThan(49);
    expect(rate).toBeLessThanOrEqual(50);
  });

  test('keeps few points of a long run, and the first and last among them', () => {
    const steps = Array.from({ length: 5000 }, (_, index) => progress(1000 * (index + 1), index + 1));
    const points = stateAfter(started, mergeStarted, ...steps).merge?.points ?? [];
    expect(points.length).toBeLessThanOrEqual(1025);
    expect(points.length).toBeGreaterThan(400);
    expect(points[0]).toEqual({ seconds: 0, bytes: 0 });
    expect(points.at(-1)).toEqual({ seconds: 5000, bytes: 5000 });
    expect(points.every((point, index) => index === 0 || point.seconds > (points[index - 1]?.seconds ?? 0))).toBe(true);
  });

  test('that has finished is complete', () => {
    const done = at(9, {
      type: 'merge-finished',
      tensors: 10,
      bytesRead: 1000,
      bytesWritten: 400,
      seconds: 2,
      peakMemory: 99,
    });
    expect(stateAfter(started, mergeStarted, progress(5, 300), done, progress(10, 200)).merge).toMatchObject({
      fraction: 1,
      eta: 0,
      tensorsDone: 10,
      peakMemory: 99,
    });
  });
});

describe('an evaluation', () => {
  test('grows its table from running means', () => {
    const { evaluation } = stateAfter(
      started,
      evaluationStarted,
      scored('base', 'x', 100, 0.3),
      scored('base', 'y', 100, 0.5),
      scored('a', 'x', 100, 0.8),
      scored('a', 'y', 100, 0.4),
      scored('b', 'x', 100, 0.6),
      scored('b', 'y', 100, 0.9),
      scored('merge', 'x', 10, 0.7),
    );
    if (evaluation === null) throw new Error('no evaluation');
    const [base, a, b, merge] = gridOfEvaluation(evaluation).rows;
    expect(base?.mean?.value).toBeCloseTo(0.4, 12);
    expect(a?.mean?.value).toBeCloseTo(0.6, 12);
    expect(b?.mean?.error).toBeCloseTo(Math.sqrt(0.03 ** 2 + 0.03 ** 2) / 2, 12);
    expect(merge?.mean).toBeNull();
    expect(merge?.deltas[0]?.value).toBeCloseTo(-0.1, 12);
    expect(merge?.deltas[1]).toBeNull();
    expect(a?.gain).toBeNull();
    expect(evaluation.fraction).toBeCloseTo(610 / 800, 12);
  });

  test('compares with the base where there is no parent', () => {
    const models = [
      { name: 'base', role: 'base' as const },
      { name: 'merge', role: 'merge' as const },
    ];
    const begun = at(0, { type: 'evaluation-started', models, tasks: ['x'] });
    const { evaluation } = stateAfter(begun, scored('base', 'x', 9, 0.25), scored('merge', 'x', 9, 0.5));
    const rows = evaluation === null ? [] : gridOfEvaluation(evaluation).rows;
    expect(rows[1]?.deltas[0]?.value).toBeCloseTo(0.25, 12);
    expect(rows[0]?.gain?.value).toBeCloseTo(0.25, 12);
  });

  test('does not go back to an older result', () => {
    const { evaluation } = stateAfter(evaluationStarted, scored('a', 'x', 50, 0.7), scored('a', 'x', 20, 0.1));
    const row = evaluation === null ? undefined : gridOfEvaluation(evaluation).rows[1];
    expect(row?.scores[0]?.value).toBe(0.7);
  });
});

describe('time', () => {
  test('passes while the run goes on and stands still afterwards', () => {
    expect(elapsedSeconds(stateAfter(), 99_000)).toBe(0);
    expect(elapsedSeconds(stateAfter(started, progress(1000, 1)), 3000)).toBe(3);
    expect(elapsedSeconds(stateAfter(started, progress(1000, 1)), 0)).toBe(1);
    expect(elapsedSeconds(stateAfter(started, finished(2000)), 99_000)).toBe(2);
  });

  test('without news is counted only during a run', () => {
    expect(silentSeconds(stateAfter(started), 6000)).toBe(6);
    expect(silentSeconds(stateAfter(started, finished(1000)), 9000)).toBe(0);
  });
});

test('the log keeps its last lines, one per line of a message', () => {
  const lines = Array.from({ length: 600 }, (_, index) =>
    at(index, { type: 'log', level: 'info', message: `${index}\nmore` }),
  );
  const { log } = stateAfter(started, ...lines);
  expect(log).toHaveLength(500);
  expect(log.at(-2)).toEqual({ at: 0.599, level: 'info', message: '599' });
});

/** A small generator of pseudo-random numbers, so that a failure can be repeated by its seed. */
const randomOf = (seed: number) => () => {
  seed = (Math.imul(seed, 1_664_525) + 1_013_904_223) >>> 0;
  return seed / 2 ** 32;
};

describe.each(Array.from({ length: 40 }, (_, seed) => seed))('events in a mad order, seed %i', (seed) => {
  const random = randomOf(seed + 1);
  const number = (below: number) => Math.floor(random() * below);
  const makers: (() => RunEvent)[] = [
    () =>
      at(number(5000), {
        type: 'merge-started',
        bytesTotal: number(3) === 0 ? 0 : number(2000),
        tensorsTotal: number(20),
      }),
    () => progress(number(5000), number(3000), number(40)),
    () => progress(number(5000), number(3000), number(40)),
    () => evaluationStarted,
    () =>
      scored(
        ['a', 'b', 'merge', 'new'][number(4)] ?? 'a',
        ['x', 'y', 'z'][number(3)] ?? 'x',
        number(120),
        random(),
        number(110),
      ),
    () =>
      scored(
        ['a', 'b', 'merge', 'new'][number(4)] ?? 'a',
        ['x', 'y', 'z'][number(3)] ?? 'x',
        number(120),
        random(),
        number(110),
      ),
    () => started,
    () => at(number(5000), { type: 'cancelling', signal: 'SIGINT' }),
    () =>
      number(8) > 0
        ? progress(number(5000), number(3000))
        : at(number(5000), {
            type: 'merge-finished',
            tensors: 3,
            bytesRead: 5,
            bytesWritten: 5,
            seconds: 0,
            peakMemory: 5,
          }),
  ];

  test('percent never falls, time left is never negative, nothing is not a number', () => {
    let state = initialState('t');
    let merged = 0;
    let evaluated = 0;
    let elapsed = 0;
    for (let step = 0; step < 200; step += 1) {
      state = reduce(state, makers[number(makers.length)]?.() ?? started);
      const { merge, evaluation } = state;
      for (const part of [merge, evaluation]) {
        if (part === null) continue;
        expect(part.eta ?? 0).toBeGreaterThanOrEqual(0);
        expect(Number.isFinite(part.eta ?? 0)).toBe(true);
        expect(part.fraction).toBeGreaterThanOrEqual(0);
        expect(part.fraction).toBeLessThanOrEqual(1);
      }
      expect(merge?.rate ?? 0).toBeGreaterThanOrEqual(0);
      expect(merge?.fraction ?? 0).toBeGreaterThanOrEqual(merged);
      expect(evaluation?.fraction ?? 0).toBeGreaterThanOrEqual(evaluated);
      merged = merge?.fraction ?? 0;
      evaluated = evaluation?.fraction ?? 0;
      expect(elapsedSeconds(state, 0)).toBeGreaterThanOrEqual(elapsed);
      elapsed = elapsedSeconds(state, 0);
    }
  });
});
