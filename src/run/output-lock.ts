import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';

/** Marks a staging folder as ours and names the process that is at work in it. */
export const lockName = 'amalgam.lock';

type Owner = { readonly pid: number; readonly host: string };

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

/** The live owner of a staging folder, null when its owner is gone, undefined when the folder is not ours. */
const ownerOf = (staging: string): Owner | null | undefined => {
  try {
    const owner = JSON.parse(readFileSync(join(staging, lockName), 'utf8')) as Owner;
    return owner.host !== hostname() || isAlive(owner.pid) ? owner : null;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'ENOENT' ? undefined : null;
  }
};

/** Refuses a staging folder that another run is using or that amalgam did not make. */
export const refuseForeignStaging = (staging: string): void => {
  const owner = ownerOf(staging);
  if (owner === null) return;
  throw owner === undefined
    ? new UserError({
        code: 'staging-foreign',
        message: `${staging} is in the way, and amalgam did not make it`,
        hint: 'move it away or choose another output',
      })
    : new UserError({
        code: 'output-locked',
        message: `another run (process ${owner.pid} on ${owner.host}) is writing this output`,
        hint: 'wait for it, or choose another output',
        exitCode: exitCodes.locked,
      });
};

/** Claims a staging folder for this process; fails if another was faster. */
export const claimStaging = (staging: string): void => {
  const file = openSync(join(staging, lockName), 'wx');
  writeSync(file, `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`);
  closeSync(file);
};
