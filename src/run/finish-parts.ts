import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { Emit } from '../events.js';
import { formatBytes, plural } from '../format.js';
import { Plan } from '../protocol/plan.js';
import { checkParts } from './check-parts.js';
import { isOutput, moveToOutput, publishStaging, refuseOccupied } from './output.js';
import { lockStaging, refuseForeignStaging } from './output-lock.js';
import { readBegun, sharedPlanPath } from './part-marks.js';

export type FinishOptions = {
  readonly output: string;
  readonly force: boolean;
  readonly verify: boolean;
  readonly version: string;
  readonly emit: Emit;
  readonly signal: AbortSignal;
};

/** What to do where no parts lie: nothing if they were published. */
const withoutParts = (directory: string, { output, emit }: FinishOptions): void => {
  if (existsSync(directory)) refuseForeignStaging(directory);
  if (!isOutput(output)) {
    throw new UserError({
      code: 'nothing-to-finish',
      message: `no part of a merge into ${output} has begun`,
      hint: 'begin with amalgam merge RECIPE OUT --part 1/N',
      exitCode: exitCodes.notFound,
    });
  }
  emit({ type: 'published', path: output });
};

const checkAndPublish = async (directory: string, of: number, options: FinishOptions): Promise<void> => {
  const { output, verify, version, emit, signal } = options;
  const plan = Plan.parse(JSON.parse(readFileSync(sharedPlanPath(directory), 'utf8')));
  await checkParts({ directory, plan, of, verify, signal });
  publishStaging(directory, output, plan.hash, version);
  const how = verify ? 'every tensor was read again' : 'sizes and marks are right';
  emit({
    type: 'log',
    level: 'info',
    message: `${plural(of, 'part')}, ${formatBytes(plan.estimate.bytesWritten)}: ${how}`,
  });
};

/** Checks that every part of a merge is complete, and publishes it. */
export const finishParts = async (given: FinishOptions): Promise<void> => {
  const options = { ...given, output: resolve(given.output) };
  const { output, force, emit } = options;
  const directory = `${output}.partial`;
  // A finish that was killed while it published has checked everything.
  const isComplete = isOutput(directory);
  const begun = readBegun(directory);
  if (begun === null && !isComplete) return withoutParts(directory, options);
  refuseOccupied(output, force);
  const release = lockStaging(directory);
  try {
    if (isComplete) moveToOutput(directory, output);
    else if (begun !== null) await checkAndPublish(directory, begun.of, options);
  } catch (error) {
    release();
    throw error;
  }
  emit({ type: 'published', path: output });
};
