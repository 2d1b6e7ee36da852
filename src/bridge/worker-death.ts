import { UserError } from '../errors.js';
import { printable } from '../format.js';
import type { ProcessEnd } from './process.js';

const meanings: Readonly<Record<string, string>> = {
  SIGKILL: 'was killed by SIGKILL; most likely the machine ran out of memory',
  SIGSEGV: 'crashed with SIGSEGV, a segmentation fault in native code',
  SIGBUS: 'crashed with SIGBUS; a file that it was reading was truncated, or its disk failed',
  SIGILL: 'crashed with SIGILL; this build of torch needs another processor',
  SIGABRT: 'was aborted (SIGABRT) by native code',
};

const describe = ({ exitCode, signal }: ProcessEnd): string => {
  if (signal !== undefined) return meanings[signal] ?? `was ended from outside by ${signal}`;
  return exitCode === 0 ? 'ended without an answer' : `ended with exit code ${exitCode}`;
};

const quotedLines = 4;
const quotedLength = 400;

/** The lines that say most of why a Python process died: its exception, its fatal error, or simply its last ones. */
export const lastWords = (stderr: string): string[] => {
  const lines = stderr.split('\n').filter((line) => line.trim() !== '');
  const cut = (chosen: string[]) => chosen.map((line) => line.trimEnd().slice(0, quotedLength));
  const fatal = lines.findLastIndex((line) => line.startsWith('Fatal Python error'));
  if (fatal !== -1) {
    const frame = lines.slice(fatal).find((line) => line.startsWith('  File '));
    return cut([lines[fatal] ?? '', ...(frame === undefined ? [] : [frame])]);
  }
  const traceback = lines.findLastIndex((line) => line.startsWith('Traceback (most recent call last)'));
  const exception = lines.findIndex((line, index) => index > traceback && !line.startsWith(' '));
  if (traceback !== -1 && exception !== -1) return cut(lines.slice(exception, exception + quotedLines));
  return cut(lines.slice(-quotedLines));
};

const withLastWords = (sentence: string, stderr: string): string => {
  const words = lastWords(stderr);
  return words.length === 0 ? sentence : `${sentence}\nIts last words:\n${words.map((line) => `  ${line}`).join('\n')}`;
};

const doctorHint = 'run `amalgam doctor` to see which Python was chosen and what it lacks';

export type WorkerFailure = {
  readonly python: string;
  /** Everything kept of the worker's stderr. */
  readonly stderr: string;
};

const failure = (code: string, sentence: string, hint: string | undefined, { stderr }: WorkerFailure): UserError =>
  new UserError({
    code,
    message: printable(withLastWords(sentence, stderr)),
    hint,
    cause: stderr === '' ? undefined : new Error(`stderr of the worker:\n${stderr}`),
  });

/** The worker went away before it had introduced itself. */
export const startFailure = (end: ProcessEnd, context: WorkerFailure): UserError => {
  const reason =
    end.startFailure === undefined
      ? `it ${describe(end)}`
      : ({ ENOENT: 'there is no such program', EACCES: 'it is not executable' }[end.startFailure] ?? end.startFailure);
  return failure('worker-start-failed', `Python (${context.python}) could not start: ${reason}.`, doctorHint, context);
};

/** The worker runs but does not introduce itself. */
export const silentWorker = (seconds: number, context: WorkerFailure): UserError =>
  failure('worker-silent', `Python (${context.python}) gave no answer within ${seconds} s.`, doctorHint, context);

/** The worker went away in the middle of its work. */
export const workerDeath = (end: ProcessEnd, context: WorkerFailure): UserError => {
  const hint =
    end.signal === 'SIGKILL' ? 'close other programs or lower --threads or --max-memory, then run it again' : undefined;
  return failure('worker-died', `The worker ${describe(end)}.`, hint, context);
};

/** The worker closed its channel but went on running. */
export const deafWorker = (context: WorkerFailure): UserError =>
  failure('worker-died', 'The worker closed its connection without ending.', undefined, context);

/** This side ended the worker. */
export const stoppedWorker = (): UserError =>
  new UserError({ code: 'worker-stopped', message: 'The worker was stopped.' });
