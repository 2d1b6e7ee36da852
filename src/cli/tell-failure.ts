import { failureRows } from '../report/failure.js';
import { paintRow } from '../report/rows.js';
import { styleFor } from '../report/style.js';
import type { CliContext } from './context.js';
import { describeFailure } from './failure.js';

/** Writes what made a command fail to stderr, with the stack where that is wanted; gives the exit code. */
export const tellFailure = ({ stderr, env }: CliContext, error: unknown, debug: boolean): number => {
  const failure = describeFailure(error);
  const style = styleFor(stderr, env);
  for (const row of failureRows(failure)) stderr.write(`${paintRow(row, style)}\n`);
  if (debug && error instanceof Error) stderr.write(`${error.stack}\n`);
  return failure.exitCode;
};
