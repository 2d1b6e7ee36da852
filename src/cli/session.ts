import { createWriteStream, type WriteStream } from 'node:fs';
import { type ExitCode, exitCodes, UserError } from '../errors.js';
import { type Emit, emitterTo, type RunEvent } from '../events.js';
import { jsonReader } from '../report/json.js';
import { plainReader } from '../report/plain.js';
import { styleFor } from '../report/style.js';
import { type CliContext, isInteractive, packageVersion, widthOf } from './context.js';
import { describeFailure, type FailureDescription } from './failure.js';

/** Flags of every command that runs something. */
export type SessionFlags = {
  readonly json?: boolean;
  readonly plain?: boolean;
  readonly tui?: boolean;
  readonly quiet?: boolean;
  readonly debug?: boolean;
  /** File that receives the events, for `amalgam replay`. */
  readonly record?: string;
};

export type Session = { readonly emit: Emit; readonly signal: AbortSignal };

type Reader = (event: RunEvent) => void;

type Display = {
  readonly reader: Reader;
  /** Resolves when the user has left the screen. */
  readonly closed: () => Promise<void>;
  /** Whether the last screen is gone, so that its results must be printed. */
  readonly fullScreen: boolean;
};

const plainDisplay = (context: CliContext): Reader => {
  const options = (stream: NodeJS.WriteStream) => ({
    write: (text: string) => void stream.write(text),
    style: styleFor(stream, context.env),
    width: widthOf(context),
  });
  const toStdout = plainReader(options(context.stdout));
  const toStderr = plainReader(options(context.stderr));
  return (event) => (event.type === 'faults' || event.type === 'run-failed' ? toStderr : toStdout)(event);
};

const onlyProblems =
  (reader: Reader): Reader =>
  (event) => {
    if (event.type === 'faults' || event.type === 'run-failed') reader(event);
  };

const openDisplay = async (
  context: CliContext,
  { json, plain, tui, quiet }: SessionFlags,
  title: string,
  stop: (signal: NodeJS.Signals) => void,
): Promise<Display> => {
  const lines = (reader: Reader): Display => ({ reader, closed: async () => {}, fullScreen: false });
  if (json) return lines(jsonReader((text) => void context.stdout.write(text)));
  if (quiet) return lines(onlyProblems(plainDisplay(context)));
  if (plain || tui === false || !isInteractive(context)) return lines(plainDisplay(context));
  const { openDashboard } = await import('../tui/open-dashboard.js');
  const dashboard = openDashboard({
    stdout: context.stdout,
    stdin: context.stdin,
    title,
    onCancel: () => stop('SIGINT'),
  });
  return { reader: dashboard.reader, closed: () => dashboard.closed, fullScreen: true };
};

const signalCodes: Partial<Record<NodeJS.Signals, ExitCode>> = {
  SIGHUP: exitCodes.hangup,
  SIGINT: exitCodes.interrupted,
  SIGTERM: exitCodes.terminated,
};

/** Runs `work` under the display that the flags and the terminal ask for, and gives the exit code. */
export const runSession = async (
  context: CliContext,
  flags: SessionFlags,
  { title, recipe, output }: { readonly title: string; readonly recipe: string | null; readonly output: string | null },
  work: (session: Session) => Promise<void>,
): Promise<number> => {
  const abort = new AbortController();
  const started = Date.now();
  let emit: Emit = () => {};
  let stopped: NodeJS.Signals | null = null;
  const stop = (signal: NodeJS.Signals) => {
    if (stopped !== null) process.exit(signalCodes[signal] ?? exitCodes.failed);
    stopped = signal;
    emit({ type: 'cancelling', signal });
    abort.abort();
  };
  const signals = Object.keys(signalCodes) as NodeJS.Signals[];
  for (const signal of signals) process.on(signal, stop);

  const display = await openDisplay(context, flags, title, stop);
  const kept: RunEvent[] = [];
  const recording = flags.record === undefined ? null : createWriteStream(flags.record);
  emit = emitterTo([
    display.reader,
    (event) => void kept.push(...(isResult(event) ? [event] : [])),
    ...(recording === null ? [] : [jsonReader((text) => void recording.write(text))]),
  ]);
  let exitCode: number = exitCodes.ok;
  try {
    emit({ type: 'run-started', title, recipe, output, version: packageVersion });
    await work({ emit, signal: abort.signal });
    emit({ type: 'run-finished', output, seconds: (Date.now() - started) / 1000 });
  } catch (error) {
    const isPublished = kept.some(({ type }) => type === 'published');
    const failure =
      stopped === null ? afterPublishing(describeFailure(error), isPublished) : cancelled(stopped, output, isPublished);
    exitCode = failure.exitCode;
    emit({ type: 'run-failed', ...failure });
    if (flags.debug) context.stderr.write(`${traceOf(error)}\n`);
  }
  await display.closed();
  for (const signal of signals) process.off(signal, stop);
  await finishRecording(recording);
  if (display.fullScreen) kept.forEach(plainDisplay(context));
  return exitCode;
};

/** Events whose text is still wanted after the dashboard is gone. */
const isResult = ({ type }: RunEvent): boolean =>
  ['faults', 'published', 'evaluation-finished', 'run-failed', 'run-finished'].includes(type);

/** A merge that is there but could not be scored is incomplete, not failed. */
const afterPublishing = (failure: FailureDescription, isPublished: boolean): FailureDescription =>
  isPublished && failure.exitCode !== exitCodes.bug ? { ...failure, exitCode: exitCodes.incomplete } : failure;

const outcome = (output: string | null, isPublished: boolean): string => {
  if (output === null) return 'nothing was written';
  return isPublished ? `${output} is complete, its scores are not` : `${output} was not published`;
};

const cancelled = (signal: NodeJS.Signals, output: string | null, isPublished: boolean): FailureDescription => ({
  code: 'cancelled',
  message: `stopped by ${signal === 'SIGINT' ? 'Ctrl-C' : signal}; ${outcome(output, isPublished)}`,
  hint: 'run the same command again to start over',
  exitCode: signalCodes[signal] ?? exitCodes.failed,
});

const traceOf = (error: unknown): string => {
  const trace = error instanceof Error ? error.stack : String(error);
  const cause = error instanceof UserError && error.cause !== undefined ? `\ncaused by: ${String(error.cause)}` : '';
  return `${trace}${cause}`;
};

const finishRecording = (recording: WriteStream | null): Promise<void> =>
  new Promise((resolve) => {
    if (recording === null) resolve();
    else recording.end(resolve);
  });
