import { closeSync, existsSync, openSync, readFileSync, rmSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';

/** Marks a staging folder as ours and names the process that is at work in it. */
export const lockName = 'amalgam.lock';

/** Folder in a staging folder that several parts of a merge share: what they tell each other. */
export const partsName = 'parts';

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

const locked = ({ pid, host }: Owner): UserError =>
  new UserError({
    code: 'output-locked',
    message: `another run (process ${pid} on ${host}) is writing this output`,
    hint: 'wait for it, or choose another output',
    exitCode: exitCodes.locked,
  });

/** Refuses a staging folder that another run is using, that parts of a merge share, or that amalgam did not make. */
export const refuseForeignStaging = (staging: string): void => {
  if (existsSync(join(staging, partsName))) {
    throw new UserError({
      code: 'output-in-parts',
      message: `${staging} holds parts of a merge that is not finished`,
      hint: `publish it with amalgam finish, remove ${staging}, or choose another output`,
      exitCode: exitCodes.locked,
    });
  }
  const owner = ownerOf(staging);
  if (owner === null) return;
  if (owner !== undefined) throw locked(owner);
  throw new UserError({
    code: 'staging-foreign',
    message: `${staging} is in the way, and amalgam did not make it`,
    hint: 'move it away or choose another output',
  });
};

/** Claims a staging folder for this process; fails if another was faster. */
export const claimStaging = (staging: string): void => {
  const file = openSync(join(staging, lockName), 'wx');
  writeSync(file, `${JSON.stringify({ pid: process.pid, host: hostname() })}\n`);
  closeSync(file);
};

/** Locks a staging folder that others may share, unless another run holds it; the returned function gives it back. */
export const lockStaging = (staging: string): (() => void) => {
  const owner = ownerOf(staging);
  if (owner) throw locked(owner);
  const release = () => rmSync(join(staging, lockName), { force: true });
  release();
  claimStaging(staging);
  return release;
};
