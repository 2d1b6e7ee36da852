import { mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { dirname } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';

type Owner = { readonly pid: number; readonly host: string };

const pollEvery = 200;

/** A lock without an owner is being written, or its writer died while writing. */
const unsignedFor = 10_000;

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
};

const ownerOf = (path: string): Owner | undefined => {
  try {
    const { pid, host } = JSON.parse(readFileSync(path, 'utf8')) as Partial<Owner>;
    return typeof pid === 'number' && typeof host === 'string' ? { pid, host } : undefined;
  } catch {
    return undefined;
  }
};

/** Whether nobody holds the lock any more: its process on this machine is gone. A stranger's is believed. */
const isStale = (path: string): boolean => {
  const owner = ownerOf(path);
  if (owner !== undefined) return owner.host === hostname() && !isAlive(owner.pid);
  const written = statSync(path, { throwIfNoEntry: false })?.mtimeMs;
  return written !== undefined && Date.now() - written > unsignedFor;
};

const claim = (path: string): boolean => {
  try {
    writeFileSync(path, JSON.stringify({ pid: process.pid, host: hostname() }), { flag: 'wx' });
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    return false;
  }
};

/** Does `work` while no other process does work under the same lock file. */
export const withBlobLock = async <Result>(
  path: string,
  signal: AbortSignal,
  work: () => Promise<Result>,
): Promise<Result> => {
  mkdirSync(dirname(path), { recursive: true });
  while (!claim(path)) {
    if (isStale(path)) rmSync(path, { force: true });
    else await wait(pollEvery, undefined, { signal });
  }
  try {
    return await work();
  } finally {
    rmSync(path, { force: true });
  }
};
