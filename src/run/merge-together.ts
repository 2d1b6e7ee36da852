import type { Worker } from '../bridge/worker.js';
import type { Emit } from '../events.js';
import { partsOf } from '../plan/parts.js';
import type { MergeParams, MergePart, MergeResult, ProgressNotification } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';

/** Has one worker merge on one device. */
export type MergeOn = (
  worker: Worker,
  device: string,
  part: MergePart | null,
  options: { readonly signal: AbortSignal; readonly onProgress: (progress: ProgressNotification) => void },
) => Promise<MergeResult>;

export type Together = {
  readonly plan: Plan;
  /** Of the plan; null: all. */
  readonly part: MergeParams['part'];
  /** One for each worker. */
  readonly devices: readonly string[];
  readonly first: Worker;
  readonly startAnother: (signal: AbortSignal) => Promise<Worker>;
  readonly mergeOn: MergeOn;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

type Sum = Pick<ProgressNotification, 'bytesDone' | 'tensorsDone' | 'memory'>;

/** Tells the progress of all workers as that of one. */
const addUp = (emit: Emit) => {
  const latest = new Map<number, ProgressNotification>();
  return (index: number) => (progress: ProgressNotification) => {
    latest.set(index, progress);
    const total: Sum = { bytesDone: 0, tensorsDone: 0, memory: 0 };
    for (const { bytesDone, tensorsDone, memory } of latest.values()) {
      total.bytesDone += bytesDone;
      total.tensorsDone += tensorsDone;
      total.memory += memory;
    }
    emit({ type: 'merge-progress', ...total, tensor: progress.tensor });
  };
};

const sumOf = (results: readonly MergeResult[], seconds: number): MergeResult => {
  const sum = (value: (result: MergeResult) => number) => results.reduce((all, result) => all + value(result), 0);
  return {
    device: results.map(({ device }) => device).join(', '),
    tensors: sum(({ tensors }) => tensors),
    bytesRead: sum(({ bytesRead }) => bytesRead),
    bytesWritten: sum(({ bytesWritten }) => bytesWritten),
    seconds,
    peakMemory: sum(({ peakMemory }) => peakMemory),
  };
};

/** Merges a plan with one worker on each device, each a part of its tensors; the first failure stops them all. */
export const mergeTogether = async ({
  plan,
  part,
  devices,
  first,
  startAnother,
  mergeOn,
  emit,
  signal,
}: Together): Promise<MergeResult> => {
  const started = performance.now();
  const [single, ...more] = devices;
  if (single !== undefined && more.length === 0) {
    return mergeOn(first, single, part, { signal, onProgress: addUp(emit)(0) });
  }
  emit({ type: 'log', level: 'info', message: `${devices.length} workers merge: ${devices.join(', ')}` });
  const parts = partsOf(plan, devices.length, part);
  const stop = new AbortController();
  const stopAll = () => stop.abort(signal.reason);
  if (signal.aborted) stopAll();
  signal.addEventListener('abort', stopAll, { once: true });
  const progressOf = addUp(emit);
  let failure: { readonly error: unknown } | undefined;

  const mergeOne = async (device: string, index: number): Promise<MergeResult> => {
    const own = parts[index] ?? { steps: [], adapterSteps: [] };
    const worker = index === 0 ? first : await startAnother(stop.signal);
    try {
      return await mergeOn(worker, device, own, { signal: stop.signal, onProgress: progressOf(index) });
    } finally {
      if (worker !== first) await worker.close();
    }
  };
  const mergeOrStop = (device: string, index: number): Promise<MergeResult | undefined> =>
    mergeOne(device, index).catch((error: unknown) => {
      failure ??= { error };
      stop.abort();
      return undefined;
    });

  try {
    // All have ended before this does: nobody writes into a folder that is removed or published.
    const results = await Promise.all(devices.map(mergeOrStop));
    if (failure !== undefined) throw failure.error;
    return sumOf(
      results.flatMap((result) => result ?? []),
      (performance.now() - started) / 1000,
    );
  } finally {
    signal.removeEventListener('abort', stopAll);
  }
};
