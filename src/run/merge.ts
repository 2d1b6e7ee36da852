import { basename, resolve } from 'node:path';
import type { AheadWorker } from '../bridge/start-ahead.js';
import { startWorker, type Worker } from '../bridge/worker.js';
import type { Emit } from '../events.js';
import type { Streaming } from '../plan/fit-memory.js';
import type { EvaluationTask, MergeParams, MergeResult } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';
import { firstDevice, mergingDevices } from './devices.js';
import { type EvaluationSettings, evaluateModels } from './evaluate-models.js';
import { evaluatedModels } from './evaluated-models.js';
import { openMemoryModel } from './memory-model.js';
import { type MergeOn, mergeTogether } from './merge-together.js';
import { type Staging, stageOutput } from './output.js';
import { sizeOf } from './plan-size.js';

export type WorkerOptions = {
  /** Interpreter of an environment that has torch. */
  readonly python: string;
  readonly device: string;
  readonly threads: number | null;
  readonly environment: NodeJS.ProcessEnv;
  /** A worker that imports torch already; one that is to reach the Hub cannot be started ahead. */
  readonly ahead?: AheadWorker | undefined;
  /** Evaluated afterwards, for every model; none for no evaluation. */
  readonly tasks: readonly EvaluationTask[];
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

/** How one of so many workers merges on a device. */
export type StreamingOn = (device: string, workers: number) => Streaming;

export type MergeOptions = WorkerOptions & {
  readonly plan: Plan;
  /** To keep to a limit of memory; left out: as the worker chooses. */
  readonly streamingOn?: StreamingOn | undefined;
  readonly output: string;
  readonly force: boolean;
  readonly version: string;
  readonly evaluation: EvaluationSettings;
  /** Folder of a base that the plan does without, to be scored as well; null: none. */
  readonly comparedBase: string | null;
};

/** Starts a worker whose words become events, or goes on with the one that was started ahead. */
const startTelling = (
  { python, environment, ahead, tasks, emit }: Omit<WorkerOptions, 'device' | 'threads'>,
  signal: AbortSignal,
) => {
  const online = tasks.some(({ kind, data }) => kind === 'harness' || data?.format === 'datasets');
  return startWorker({
    python,
    environment,
    online,
    ahead: ahead?.python === python && !online ? ahead : undefined,
    signal,
    onLog: ({ level, message }) => emit({ type: 'log', level, message }),
    onStderrLine: (line) => emit({ type: 'log', level: 'info', message: line }),
  });
};

/** Starts a worker whose words become events, and closes it whatever happens in `work`. */
export const withWorker = async <Result>(
  options: WorkerOptions,
  work: (worker: Worker) => Promise<Result>,
): Promise<Result> => {
  const { python, device, emit, signal } = options;
  emit({ type: 'worker-starting', python });
  const worker = await startTelling(options, signal);
  try {
    const { info } = worker;
    const gpu = info.devices.find(({ name }) => name !== 'cpu')?.name;
    const chosen = device === 'auto' ? (gpu ?? 'cpu') : firstDevice(device);
    emit({ type: 'worker-ready', python: info.python, torch: info.torch, device: chosen, threads: info.threads });
    return await work(worker);
  } finally {
    await worker.close();
  }
};

/** Has the plan, or a part of it, carried out by the worker, and by others where several devices merge. */
export const streamPlan = async (
  first: Worker,
  job: Pick<MergeParams, 'planPath' | 'directory' | 'part'>,
  options: Omit<MergeOptions, 'output' | 'force' | 'evaluation' | 'comparedBase'>,
): Promise<MergeResult> => {
  const { plan, emit, signal } = options;
  const devices = mergingDevices(options.device, first.info.devices, plan.estimate.bytesWritten);
  const mergeOn: MergeOn = (worker, device, part, watching) => {
    const usual = { threads: options.threads, chunkElements: null };
    const { threads, chunkElements } = options.streamingOn?.(device, devices.length) ?? usual;
    return worker.merge({ job: 1, ...job, part, device, threads, chunkElements }, watching);
  };
  const startAnother = (stopped: AbortSignal) => startTelling({ ...options, ahead: undefined, tasks: [] }, stopped);
  return mergeTogether({ plan, part: job.part, devices, first, startAnother, mergeOn, emit, signal });
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
