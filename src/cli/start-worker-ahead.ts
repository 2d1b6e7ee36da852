import { type AheadWorker, startAhead } from '../bridge/start-ahead.js';
import { recallPython } from '../runtime/prepare.js';
import type { CliContext } from './context.js';

/** Starts the worker of a merge before its recipe is read; undefined where no Python is known from an earlier run. */
export const startWorkerAhead = ({ env, cwd }: CliContext): AheadWorker | undefined => {
  const known = recallPython({ env, cwd });
  return known === null ? undefined : startAhead(known);
};
