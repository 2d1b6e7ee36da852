import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';
import type {
  EvaluateParams,
  EvaluateResult,
  InitializeResult,
  LogNotification,
  MergeParams,
  MergeResult,
  MetricNotification,
  ProgressNotification,
  ReadTasksParams,
  ReadTasksResult,
} from '../protocol/messages.js';
import { protocolDigest } from '../protocol/wire-types.js';
import { connect } from './connection.js';
import { startPython } from './process.js';
import { settlesWithin } from './settles-within.js';
import { type AheadWorker, workerEntry } from './start-ahead.js';
import { deafWorker, silentWorker, startFailure, stoppedWorker, workerDeath } from './worker-death.js';

export type StartWorkerOptions = {
  /** The interpreter to run the worker in. */
  readonly python: string;
  /** The environment to derive the worker's from; tokens are taken out. */
  readonly environment?: NodeJS.ProcessEnv;
  /** Whether it may reach the Hub, with the user's token; models are always read from this machine. */
  readonly online?: boolean;
  /** Receives each line that Python code prints, safe for a terminal. */
  readonly onStderrLine?: (line: string) => void;
  readonly onLog?: (log: LogNotification) => void;
  readonly signal?: AbortSignal | undefined;
  /** What the interpreter runs. */
  readonly entry?: readonly string[];
  /** A process of the same interpreter that was started for this. */
  readonly ahead?: AheadWorker | undefined;
  /** Time to import torch and answer the handshake. */
  readonly startMilliseconds?: number;
  /** Time that an aborted request gets to stop by itself before the worker is killed. */
  readonly cancelMilliseconds?: number;
};

/** A running Python worker. All paths handed to it must be absolute. */
export type Worker = {
  readonly info: InitializeResult;
  readonly pid: number;
  readonly merge: (
    params: MergeParams,
    options?: {
      readonly onProgress?: (progress: ProgressNotification) => void;
      readonly signal?: AbortSignal | undefined;
    },
  ) => Promise<MergeResult>;
  readonly readTasks: (
    params: ReadTasksParams,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<ReadTasksResult>;
  readonly evaluate: (
    params: EvaluateParams,
    options?: {
      readonly onMetric?: (metric: MetricNotification) => void;
      /** Of a merge in memory. */
      readonly onProgress?: (progress: ProgressNotification) => void;
      readonly signal?: AbortSignal | undefined;
    },
  ) => Promise<EvaluateResult>;
  /** Lets the worker leave; pending requests are rejected. */
  readonly close: () => Promise<void>;
  /** Ends the worker and its children at once. */
  readonly kill: () => void;
};

/** How long a worker may live on after it closed its channel. */
const leaveMilliseconds = 1_000;

const protocolMismatch = (ours: string, theirs: string) =>
  new UserError({
    code: 'protocol-mismatch',
    message: `This amalgam speaks protocol ${ours}, but its Python worker speaks ${theirs}.`,
    hint: 'install or build amalgam again, so that both halves come from one version',
    exitCode: exitCodes.bug,
  });

/** Starts a worker and shakes hands with it. Rejects with a UserError that quotes what Python printed. */
export const startWorker = async ({
  python,
  environment = process.env,
  online = false,
  onStderrLine,
  onLog,
  signal,
  entry = workerEntry,
  ahead,
  startMilliseconds = 60_000,
  cancelMilliseconds = 1_200,
}: StartWorkerOptions): Promise<Worker> => {
  const child = ahead?.take(onStderrLine) ?? startPython({ python, entry, environment, online, onStderrLine });
  const context = () => ({ python, stderr: child.stderr() });
  let introduced = false;
  let closing = false;

  const explainClose = async () => {
    const left = await settlesWithin(child.ended, leaveMilliseconds);
    if (!left) child.kill();
    const end = await child.ended;
    if (!left) return deafWorker(context());
    if (end.stopped) return stoppedWorker();
    return introduced ? workerDeath(end, context()) : startFailure(end, context());
  };
  const connection = connect(child.transport, { explainClose });
  connection.broken.then(() => {
    if (!closing) child.kill();
  });
  connection.onNotification('log', ({ level, message }) => onLog?.({ level, message: printable(message) }));

  const close = async () => {
    closing = true;
    connection.close(stoppedWorker());
    await child.close();
  };

  /** Kills the worker when an aborted request does not come back. */
  const escalating = async <Value>(aborted: AbortSignal | undefined, pending: Promise<Value>): Promise<Value> => {
    let timer: NodeJS.Timeout | undefined;
    const escalate = () => {
      timer = setTimeout(child.kill, cancelMilliseconds);
    };
    aborted?.addEventListener('abort', escalate, { once: true });
    try {
      return await pending;
    } finally {
      aborted?.removeEventListener('abort', escalate);
      clearTimeout(timer);
    }
  };

  const shakeHands = async (): Promise<InitializeResult> => {
    const protocol = protocolDigest();
    const silent = setTimeout(
      () => connection.close(silentWorker(Math.round(startMilliseconds / 1000), context())),
      startMilliseconds,
    );
    try {
      const info = await escalating(signal, connection.request('initialize', { protocol }, { signal }));
      if (info.protocol !== protocol) throw protocolMismatch(protocol, info.protocol);
      introduced = true;
      return info;
    } finally {
      clearTimeout(silent);
    }
  };

  try {
    const info = await shakeHands();
    return {
      info,
      pid: child.pid ?? 0,
      merge: async (params, { onProgress, signal: aborted } = {}) => {
        const forget = connection.onNotification('progress', (progress) => {
          if (progress.job === params.job) onProgress?.(progress);
        });
        return escalating(aborted, connection.request('merge', params, { signal: aborted })).finally(forget);
      },
      readTasks: (params, { signal: aborted } = {}) =>
        escalating(aborted, connection.request('readTasks', params, { signal: aborted })),
      evaluate: async (params, { onMetric, onProgress, signal: aborted } = {}) => {
        const forgets = [
          connection.onNotification('metric', (metric) => {
            if (metric.job === params.job) onMetric?.(metric);
          }),
          connection.onNotification('progress', (progress) => {
            if (progress.job === params.job) onProgress?.(progress);
          }),
        ];
        const forget = () => {
          for (const each of forgets) each();
        };
        return escalating(aborted, connection.request('evaluate', params, { signal: aborted })).finally(forget);
      },
      close,
      kill: child.kill,
    };
  } catch (error) {
    child.kill();
    await child.ended;
    throw error;
  }
};
