import type { Score, Scoreboard, ScoreRow } from '../events.js';
import { formatScore } from '../format.js';
import type { TaskResult } from '../protocol/messages.js';
import { differences, mean, meanOverTasks, varianceOfMean } from './statistics.js';

/** One model's results on all tasks, in the same order for every model. */
export type ModelResult = {
  readonly name: string;
  readonly role: ScoreRow['role'];
  readonly results: readonly TaskResult[];
};

const samplesOf = ({ results }: ModelResult): (readonly number[])[] => results.map(({ scores }) => scores);

const bestOn = (task: number, models: readonly ModelResult[]): TaskResult | undefined =>
  models
    .flatMap(({ results }) => results[task] ?? [])
    .reduce<TaskResult | undefined>(
      (best, result) => (best === undefined || (result.mean ?? 0) > (best.mean ?? 0) ? result : best),
      undefined,
    );

const scoreOf = (result: TaskResult, rival: TaskResult | undefined): Score => {
  const paired = rival === undefined ? null : differences(result.scores, rival.scores);
  return {
    task: result.task,
    n: result.n,
    mean: result.mean ?? 0,
    standardError: result.standardError,
    metrics: result.metrics,
    delta: paired === null ? null : mean(paired),
    deltaError: paired === null ? null : Math.sqrt(varianceOfMean(paired)),
  };
};

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${formatScore(Math.abs(value))}`;

const verdictOf = (rows: readonly ScoreRow[]): string => {
  const merge = rows.find(({ role }) => role === 'merge');
  const others = rows.filter(({ role }) => role !== 'merge');
  const rival = [...others].sort((a, b) => b.mean - a.mean)[0];
  if (merge === undefined || rival === undefined || rival.gain === null) return '';
  const gap = `${signed(rival.gain)} ± ${formatScore(rival.gainError ?? 0)} points`;
  const clear = (row: ScoreRow) => Math.abs(row.gain ?? 0) > 2 * (row.gainError ?? 0);
  if (rival.gain > 0 && others.every(clear)) {
    return `${merge.model} beats every model it was made of: ${gap} on average over ${rival.model}, the best of them`;
  }
  if (rival.gain < 0 && clear(rival)) return `${rival.model} is better than ${merge.model}: ${gap} on average`;
  return `${merge.model} and ${rival.model} cannot be told apart: ${gap} on average, less than two standard errors`;
};

/** The table of all models and tasks; differences are paired over examples. */
export const scoreboardOf = (models: readonly ModelResult[]): Scoreboard => {
  const parents = models.filter(({ role }) => role !== 'merge');
  const merge = models.find(({ role }) => role === 'merge');
  const rows = models.map((model): ScoreRow => {
    const isMerge = model.role === 'merge';
    const gains =
      merge === undefined || isMerge
        ? null
        : meanOverTasks(
            merge.results.map(({ scores }, task) => differences(scores, model.results[task]?.scores ?? [])),
          );
    const overall = meanOverTasks(samplesOf(model));
    return {
      model: model.name,
      role: model.role,
      scores: model.results.map((result, task) => scoreOf(result, isMerge ? bestOn(task, parents) : undefined)),
      mean: overall.mean,
      standardError: overall.standardError,
      gain: gains?.mean ?? null,
      gainError: gains?.standardError ?? null,
    };
  });
  return { tasks: models[0]?.results.map(({ task }) => task) ?? [], rows, verdict: verdictOf(rows) };
};
