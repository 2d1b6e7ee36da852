import type { Worker } from '../bridge/worker.js';
import { type ModelResult, scoreboardOf } from '../evaluation/scoreboard.js';
import type { Emit, Scoreboard, ScoreRow } from '../events.js';
import type { EvaluationTask } from '../protocol/messages.js';

export type EvaluatedModel = {
  readonly name: string;
  readonly role: ScoreRow['role'];
  readonly path: string;
  readonly adapter: string | null;
};

export type EvaluateOptions = {
  readonly models: readonly EvaluatedModel[];
  readonly tasks: readonly EvaluationTask[];
  readonly limit: number | null;
  readonly device: string;
  readonly threads: number | null;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

/** Scores every model on every task in one worker and compares them. */
export const evaluateModels = async (
  worker: Worker,
  { models, tasks, limit, device, threads, emit, signal }: EvaluateOptions,
): Promise<Scoreboard> => {
  emit({
    type: 'evaluation-started',
    models: models.map(({ name, role }) => ({ name, role })),
    tasks: tasks.map(({ name }) => name),
  });
  const results: ModelResult[] = [];
  for (const [index, { name, role, path, adapter }] of models.entries()) {
    const params = {
      job: 1000 + index,
      modelPath: path,
      adapterPath: adapter,
      planPath: null,
      tasks: [...tasks],
      limit,
      sampleSeed: null,
      batchSize: null,
      device,
      threads,
      keptScores: null,
      modelKey: '',
    };
    const evaluated = await worker.evaluate(params, {
      signal,
      onMetric: ({ task, done, total, mean, standardError }) =>
        emit({ type: 'evaluation-progress', model: name, task, done, total, mean, standardError }),
    });
    results.push({ name, role, results: evaluated.tasks });
  }
  const scoreboard = scoreboardOf(results);
  emit({ type: 'evaluation-finished', scoreboard });
  return scoreboard;
};
