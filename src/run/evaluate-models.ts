import type { Worker } from '../bridge/worker.js';
import { type ModelResult, scoreboardOf } from '../evaluation/scoreboard.js';
import type { Emit, Scoreboard, ScoreRow } from '../events.js';
import { formatCount, plural } from '../format.js';
import type { EvaluationTask } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';
import { firstDevice } from './devices.js';
import { keyOfFiles } from './model-key.js';
import { openResults } from './results.js';
import { tellMerge } from './tell-merge.js';

export type MergedInMemory = { readonly plan: Plan /** File that holds it. */; readonly planPath: string };

export type EvaluatedModel = {
  readonly name: string;
  readonly role: ScoreRow['role'];
  /** Its folder; with a plan, a folder of configuration and tokenizer alone. */
  readonly path: string;
  readonly adapter: string | null;
  /** A plan that is merged in memory, first of all; null where the weights are in the folder. */
  readonly merged: MergedInMemory | null;
  /** Stands for what the model computes; null: its files do. */
  readonly key: string | null;
};

/** How an evaluation goes about it. */
export type EvaluationSettings = {
  /** So many examples of each task; null: all. */
  readonly limit: number | null;
  /** With a limit: seed of the sample; null: the first examples. */
  readonly sampleSeed: number | null;
  /** Null: found automatically. */
  readonly batchSize: number | null;
  /** Folder of scores that are kept from run to run; null: every example is scored anew. */
  readonly keptScores: string | null;
  /** Folder for result files; null: none. */
  readonly results: string | null;
};

export type EvaluateOptions = EvaluationSettings & {
  /** No two of one name. */
  readonly models: readonly EvaluatedModel[];
  readonly tasks: readonly EvaluationTask[];
  /** Of this program, for the result files. */
  readonly version: string;
  readonly device: string;
  readonly threads: number | null;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

const tellReused = (emit: Emit, { name, results }: ModelResult): void => {
  const reused = results.reduce((sum, result) => sum + result.reused, 0);
  const all = results.reduce((sum, { n }) => sum + n, 0);
  if (reused === 0) return;
  const message = `${name}: ${formatCount(reused)} of ${plural(all, 'example')} from an earlier run`;
  emit({ type: 'log', level: 'info', message });
};

const evaluateModel = async (
  worker: Worker,
  { name, role, path, adapter, merged, key }: EvaluatedModel,
  job: number,
  { tasks, limit, sampleSeed, batchSize, keptScores, device, threads, emit, signal }: EvaluateOptions,
): Promise<ModelResult> => {
  const merging = merged === null ? null : tellMerge(merged.plan, emit);
  const params = {
    job,
    modelPath: path,
    adapterPath: adapter,
    planPath: merged?.planPath ?? null,
    tasks: [...tasks],
    limit,
    sampleSeed,
    batchSize,
    device: firstDevice(device),
    threads,
    keptScores,
    modelKey: key ?? keyOfFiles(path, adapter),
  };
  const evaluated = await worker.evaluate(params, {
    signal,
    onProgress: (progress) => merging?.progress(progress),
    onMetric: ({ task, done, total, mean, standardError }) => {
      merging?.finish();
      emit({ type: 'evaluation-progress', model: name, task, done, total, mean, standardError });
    },
  });
  return { name, role, results: evaluated.tasks };
};

/** Scores every model on every task in one worker and compares them; result files grow with every model. */
export const evaluateModels = async (worker: Worker, options: EvaluateOptions): Promise<Scoreboard> => {
  const { models, tasks, results: folder, emit } = options;
  const files = folder === null ? null : openResults({ ...options, folder });
  emit({
    type: 'evaluation-started',
    models: models.map(({ name, role }) => ({ name, role })),
    tasks: tasks.map(({ name }) => name),
  });
  const results = new Map<EvaluatedModel, ModelResult>();
  const inOrder = () => models.flatMap((model) => results.get(model) ?? []);
  // What is merged in memory comes first: if that fails, it fails before the others have taken their time.
  const order = [...models].sort((a, b) => Number(b.merged !== null) - Number(a.merged !== null));
  for (const [index, model] of order.entries()) {
    const result = await evaluateModel(worker, model, 1000 + index, options);
    results.set(model, result);
    tellReused(emit, result);
    files?.write(inOrder());
  }
  const scoreboard = scoreboardOf(inOrder());
  emit({ type: 'evaluation-finished', scoreboard });
  return scoreboard;
};
