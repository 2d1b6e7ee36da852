import { basename, resolve } from 'node:path';
import { startWorker, type Worker } from '../bridge/worker.js';
import type { Emit } from '../events.js';
import { modelNames } from '../plan/names.js';
import type { EvaluationTask } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';
import { type EvaluatedModel, type EvaluationSettings, evaluateModels } from './evaluate-models.js';
import { keyOfPlan } from './model-key.js';
import { type Staging, stageOutput } from './output.js';

export type WorkerOptions = {
  /** Interpreter of an environment that has torch. */
  readonly python: string;
  readonly device: string;
  readonly threads: number | null;
  readonly environment: NodeJS.ProcessEnv;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

export type MergeOptions = WorkerOptions & {
  readonly plan: Plan;
  readonly output: string;
  readonly force: boolean;
  readonly version: string;
  /** Evaluated afterwards for every model and the merge; none for no evaluation. */
  readonly tasks: readonly EvaluationTask[];
  readonly evaluation: EvaluationSettings;
};

/** Starts a worker whose words become events, and closes it whatever happens in `work`. */
export const withWorker = async <Result>(
  { python, device, environment, emit, signal }: WorkerOptions,
  work: (worker: Worker) => Promise<Result>,
): Promise<Result> => {
  emit({ type: 'worker-starting', python });
  const worker = await startWorker({
    python,
    environment,
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

const mergeInto = async (worker: Worker, staging: Staging, options: MergeOptions): Promise<void> => {
  const { plan, output, device, threads, emit, signal } = options;
  emit({ type: 'merge-started', ...totalsOf(plan) });
  const result = await worker.merge(
    { job: 1, planPath: staging.planPath, directory: staging.directory, device, threads, chunkElements: null },
    {
      signal,
      onProgress: ({ bytesDone, tensorsDone, tensor, memory }) =>
        emit({ type: 'merge-progress', bytesDone, tensorsDone, tensor, memory }),
    },
  );
  staging.publish();
  const { tensors, bytesRead, bytesWritten, seconds, peakMemory } = result;
  emit({ type: 'merge-finished', tensors, bytesRead, bytesWritten, seconds, peakMemory });
  emit({ type: 'published', path: output });
};

const totalsOf = ({ steps, adapterSteps }: Plan): { bytesTotal: number; tensorsTotal: number } => {
  const stored = adapterSteps.flatMap(({ factors }) => factors ?? []);
  return {
    bytesTotal:
      steps.reduce((sum, { output }) => sum + output.bytes, 0) +
      stored.reduce((sum, { a, b }) => sum + a.bytes + b.bytes, 0),
    tensorsTotal: steps.length + stored.length,
  };
};

const evaluatedModels = ({ plan, output }: MergeOptions): EvaluatedModel[] => {
  const names = modelNames(plan.models);
  const made = basename(output);
  const isAdapter = plan.adapterSteps.some(({ factors }) => factors !== null);
  return [
    ...plan.models.map(({ role, path, adapter }, index) => ({
      name: names[index] ?? path,
      role: role === 'base' ? ('base' as const) : ('parent' as const),
      path,
      adapter,
      key: null,
    })),
    {
      name: names.includes(made) ? `${made} (merge)` : made,
      role: 'merge',
      ...(isAdapter ? { path: plan.models[0]?.path ?? '', adapter: output } : { path: output, adapter: null }),
      key: keyOfPlan(plan),
    },
  ];
};

/** Carries out a plan: merge in staging, publish, then score the result beside its parents. */
export const runMerge = async (given: MergeOptions): Promise<void> => {
  const options = { ...given, output: resolve(given.output) };
  const { tasks, evaluation } = options;
  const staging = stageOutput(options);
  let published = false;
  try {
    await withWorker(options, async (worker) => {
      await mergeInto(worker, staging, options);
      published = true;
      if (tasks.length > 0) {
        await evaluateModels(worker, { ...options, ...evaluation, models: evaluatedModels(options) });
      }
    });
  } finally {
    if (!published) staging.discard();
  }
};
