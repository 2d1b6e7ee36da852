import { basename, resolve } from 'node:path';
import { startWorker, type Worker } from '../bridge/worker.js';
import type { Emit } from '../events.js';
import type { Streaming } from '../plan/fit-memory.js';
import type { EvaluationTask, MergeParams, MergeResult } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';
import { type EvaluationSettings, evaluateModels } from './evaluate-models.js';
import { evaluatedModels } from './evaluated-models.js';
import { openMemoryModel } from './memory-model.js';
import { type Staging, stageOutput } from './output.js';
import { sizeOf } from './plan-size.js';

export type WorkerOptions = {
  /** Interpreter of an environment that has torch. */
  readonly python: string;
  readonly device: string;
  readonly threads: number | null;
  readonly environment: NodeJS.ProcessEnv;
  /** Evaluated afterwards, for every model; none for no evaluation. */
  readonly tasks: readonly EvaluationTask[];
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

export type MergeOptions = WorkerOptions & {
  readonly plan: Plan;
  /** How to merge on a CPU to keep to a limit of memory; left out: as the worker chooses. */
  readonly streaming?: Streaming | undefined;
  readonly output: string;
  readonly force: boolean;
  readonly version: string;
  readonly evaluation: EvaluationSettings;
  /** Folder of a base that the plan does without, to be scored as well; null: none. */
  readonly comparedBase: string | null;
};

/** Starts a worker whose words become events, and closes it whatever happens in `work`. */
export const withWorker = async <Result>(
  { python, device, environment, tasks, emit, signal }: WorkerOptions,
  work: (worker: Worker) => Promise<Result>,
): Promise<Result> => {
  emit({ type: 'worker-starting', python });
  const worker = await startWorker({
    python,
    environment,
    online: tasks.some(({ kind, data }) => kind === 'harness' || data?.format === 'datasets'),
    signal,
    onLog: ({ level, message }) => emit({ type: 'log', level, message }),
    onStderrLine: (line) => emit({ type: 'log', level: 'info', message: line }),
  });
  try {
    const { info } = worker;
    const chosen = device === 'auto' ? (info.devices.find(({ name }) => name !== 'cpu')?.name ?? 'cpu') : device;
    emit({ type: 'worker-ready', python: info.python, torch: info.torch, device: chosen, threads: info.threads });
    return await work(worker);
  } finally {
    await worker.close();
  }
};

/** The threads and chunks of a merge; a GPU has its own. */
const streamingOn = (
  { info }: Worker,
  { device, threads, streaming }: Pick<MergeOptions, 'device' | 'threads' | 'streaming'>,
): { threads: number | null; chunkElements: number | null } => {
  const isCpu = device === 'cpu' || (device === 'auto' && info.devices.every(({ name }) => name === 'cpu'));
  return isCpu && streaming !== undefined
    ? { threads: streaming.threads, chunkElements: streaming.chunkElements }
    : { threads, chunkElements: null };
};

/** Has the worker carry out a plan, or a part of it, and tells how far it is. */
export const streamPlan = (
  worker: Worker,
  job: Pick<MergeParams, 'planPath' | 'directory' | 'part'>,
  options: Pick<MergeOptions, 'device' | 'threads' | 'streaming' | 'emit' | 'signal'>,
): Promise<MergeResult> => {
  const { device, emit, signal } = options;
  return worker.merge(
    { job: 1, ...job, device, ...streamingOn(worker, options) },
    {
      signal,
      onProgress: ({ bytesDone, tensorsDone, tensor, memory }) =>
        emit({ type: 'merge-progress', bytesDone, tensorsDone, tensor, memory }),
    },
  );
};

export const tellMerged = ({ tensors, bytesRead, bytesWritten, seconds, peakMemory }: MergeResult, emit: Emit): void =>
  emit({ type: 'merge-finished', tensors, bytesRead, bytesWritten, seconds, peakMemory });

const mergeInto = async (worker: Worker, staging: Staging, options: MergeOptions): Promise<void> => {
  const { plan, output, emit } = options;
  const { planPath, directory, publish } = staging;
  emit({ type: 'merge-started', ...sizeOf(plan) });
  const result = await streamPlan(worker, { planPath, directory, part: null }, options);
  publish();
  tellMerged(result, emit);
  emit({ type: 'published', path: output });
};

/** Carries out a plan: merge in staging, publish, then score the result beside its parents. */
export const runMerge = async (given: MergeOptions): Promise<void> => {
  const options = { ...given, output: resolve(given.output) };
  const { tasks, evaluation, comparedBase, signal } = options;
  const { limit, sampleSeed } = evaluation;
  const staging = stageOutput(options);
  let published = false;
  try {
    await withWorker(options, async (worker) => {
      if (tasks.length > 0) await worker.readTasks({ tasks: [...tasks], limit, sampleSeed }, { signal });
      await mergeInto(worker, staging, options);
      published = true;
      if (tasks.length > 0) {
        const made = { name: basename(options.output), path: options.output, merged: null, base: comparedBase };
        const models = evaluatedModels(options.plan, made);
        await evaluateModels(worker, { ...options, ...evaluation, models });
      }
    });
  } finally {
    if (!published) staging.discard();
  }
};

export type MergeInMemoryOptions = Omit<MergeOptions, 'output' | 'force'> & {
  /** What to call the merge in the table. */
  readonly name: string;
};

/** Merges a plan into a model in memory and scores it beside its parents; no weights are written. */
export const evaluateMerge = async (options: MergeInMemoryOptions): Promise<void> => {
  const { plan, name, evaluation, comparedBase: base } = options;
  const { path, planPath, remove } = openMemoryModel(plan);
  process.once('exit', remove);
  try {
    const models = evaluatedModels(plan, { name, path, merged: { plan, planPath }, base });
    await withWorker(options, (worker) => evaluateModels(worker, { ...options, ...evaluation, models }));
  } finally {
    process.off('exit', remove);
    remove();
  }
};
