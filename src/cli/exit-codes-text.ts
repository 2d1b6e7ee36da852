import { exitCodes } from '../errors.js';

const meanings: Readonly<Record<keyof typeof exitCodes, string>> = {
  ok: 'done',
  failed: 'failed',
  usage: 'wrong command line or invalid recipe',
  incomplete: 'finished, but something is missing',
  authentication: 'the Hub wants a token, or another one',
  notFound: 'a model, file or run was not found',
  incompatible: 'the models do not fit each other',
  integrity: 'a file is damaged or has changed',
  noSpace: 'the disk is full or read-only',
  outOfMemory: 'out of memory',
  locked: 'another run is writing the output',
  bug: 'a mistake in amalgam',
  hangup: 'the terminal went away',
  interrupted: 'stopped by Ctrl-C',
  terminated: 'stopped by SIGTERM',
};

/** One line per exit code. */
export const exitCodesText = (): string =>
  Object.entries(exitCodes)
    .map(([name, code]) => `  ${String(code).padStart(3)}  ${meanings[name as keyof typeof exitCodes]}\n`)
    .join('');
