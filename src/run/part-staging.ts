import { randomBytes } from 'node:crypto';
import { existsSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { Plan } from '../protocol/plan.js';
import { refuseFullDisk, refuseOccupied, type StageOptions, writeDurably, writeSideFiles, writing } from './output.js';
import { partsName, refuseForeignStaging } from './output-lock.js';
import { type Begun, begunPath, readBegun, sharedPlanPath } from './part-marks.js';
import { writePlan } from './write-plan.js';

/** Renames a folder, unless there is one of that name already. */
const renameToFree = (from: string, to: string): void => {
  try {
    renameSync(from, to);
  } catch (error) {
    if (!['ENOTEMPTY', 'EEXIST'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
  }
};

/** Makes the folder under another name and renames it, which one of those who begin at once can do. */
const begin = (directory: string, plan: Plan, begun: Begun): void => {
  const fresh = `${directory}-${randomBytes(8).toString('hex')}`;
  try {
    mkdirSync(join(fresh, partsName), { recursive: true });
    writeSideFiles(fresh, plan);
    writePlan(sharedPlanPath(fresh), plan);
    writeDurably(begunPath(fresh), `${JSON.stringify(begun)}\n`);
    renameToFree(fresh, directory);
  } finally {
    rmSync(fresh, { recursive: true, force: true });
  }
};

/** What tells the parts that have begun from those that were asked for. */
const difference = (begun: Begun, asked: Begun): string | null => {
  if (begun.of !== asked.of) return `it is being merged in ${begun.of} parts, not in ${asked.of}`;
  if (begun.plan !== asked.plan) return 'its parts are those of another plan';
  if (begun.version !== asked.version)
    return `its parts were begun by amalgam ${begun.version}; this is ${asked.version}`;
  return null;
};

/** Opens the staging folder that the parts of a merge share; the first one to come makes it. */
export const openPartStaging = ({ output, plan, force, version }: StageOptions, of: number): string => {
  refuseOccupied(output, force);
  const directory = `${output}.partial`;
  const asked: Begun = { tool: 'amalgam', version, plan: plan.hash, of };
  if (!existsSync(directory)) {
    writing(output, () => {
      mkdirSync(dirname(output), { recursive: true });
      refuseFullDisk(dirname(output), plan);
      begin(directory, plan, asked);
    });
  }
  const begun = readBegun(directory);
  if (begun === null) {
    refuseForeignStaging(directory);
    throw new UserError({
      code: 'staging-left',
      message: `${directory} was left by a merge that died`,
      hint: `remove it: rm -r ${directory}`,
      exitCode: exitCodes.locked,
    });
  }
  const problem = difference(begun, asked);
  if (problem === null) return directory;
  throw new UserError({
    code: 'parts-differ',
    message: `${output} cannot take this part: ${problem}`,
    hint: `use the same recipe, flags and version for all parts, or begin anew: rm -r ${directory}`,
    exitCode: exitCodes.usage,
  });
};
