import type { Score, Scoreboard, ScoreRow } from '../events.js';
import type { TaskResult } from '../protocol/messages.js';
import { shareKept } from './share-kept.js';
import { differences, type Estimate, estimateOf, meanOfEstimates } from './statistics.js';
import { verdictOf } from './verdict.js';

/** One model's results on all tasks, in the same order for every model. */
export type ModelResult = {
  readonly name: string;
  readonly role: ScoreRow['role'];
  readonly results: readonly TaskResult[];
};

const levelOf = ({ mean, standardError, scores }: TaskResult): Estimate | null => {
  if (mean === null) return null;
  return { value: mean, error: scores.length > 0 ? estimateOf(scores).error : standardError };
};

/** The paired difference on one task; without scores of single examples the difference of the means alone. */
const differenceOf = (a: TaskResult | undefined, b: TaskResult | undefined): Estimate | null => {
  if (a === undefined || b === undefined || a.mean === null || b.mean === null) return null;
  const paired = differences(a.scores, b.scores);
  return paired === null ? { value: a.mean - b.mean, error: null } : estimateOf(paired);
};

const bestOn = (task: number, models: readonly ModelResult[]): TaskResult | undefined =>
  models
    .flatMap(({ results }) => results[task] ?? [])
    .reduce<TaskResult | undefined>(
      (best, result) =>
        result.mean !== null && (best === undefined || result.mean > (best.mean ?? 0)) ? result : best,
      undefined,
    );

const scoreOf = (result: TaskResult, delta: Estimate | null, gain: Estimate | null): Score => ({
  task: result.task,
  n: result.n,
  reused: result.reused,
  mean: result.mean,
  standardError: levelOf(result)?.error ?? null,
  metrics: result.metrics,
  delta: delta?.value ?? null,
  deltaError: delta?.error ?? null,
  gain: gain?.value ?? null,
  gainError: gain?.error ?? null,
});

/** The table of all models and tasks; differences are paired over examples, tasks without targets left out of means. */
export const scoreboardOf = (models: readonly ModelResult[]): Scoreboard => {
  const others = models.filter(({ role }) => role !== 'merge');
  const merge = models.find(({ role }) => role === 'merge');
  const base = models.find(({ role }) => role === 'base');
  const rows = models.map((model): ScoreRow => {
    const { name, role, results } = model;
    const gains = results.map((result, task) =>
      merge === undefined || role === 'merge' ? null : differenceOf(merge.results[task], result),
    );
    const overall = meanOfEstimates(results.flatMap((result) => levelOf(result) ?? []));
    const gain = meanOfEstimates(gains.flatMap((each) => each ?? []));
    const isComparable = role === 'parent' && base !== undefined && merge !== undefined;
    return {
      model: name,
      role,
      scores: results.map((result, task) => {
        const delta = role === 'merge' ? differenceOf(result, bestOn(task, others)) : null;
        return scoreOf(result, delta, gains[task] ?? null);
      }),
      mean: overall?.value ?? null,
      standardError: overall?.error ?? null,
      gain: gain?.value ?? null,
      gainError: gain?.error ?? null,
      kept: isComparable ? shareKept(results, base.results, merge.results) : null,
    };
  });
  return { tasks: models[0]?.results.map(({ task }) => task) ?? [], rows, verdict: verdictOf(rows) };
};
