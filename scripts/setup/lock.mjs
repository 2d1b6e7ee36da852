import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A lock directory may lack its owner's name only for the instant between two system calls. */
const namelessMilliseconds = 5_000;

/** The lock lies outside the checkout, so that a run never shows up in `git status`. */
const lockDirectory = (root) => {
  const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
  return join(tmpdir(), `amalgam-setup-${userInfo().uid}-${name}.lock`);
};

const isAlive = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error.code === 'EPERM';
  }
};

const isAbandoned = (directory) => {
  try {
    return !isAlive(Number(readFileSync(join(directory, 'pid'), 'utf8')));
  } catch {
    const age = Date.now() - (statSync(directory, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    return age > namelessMilliseconds;
  }
};

const take = (directory) => {
  try {
    mkdirSync(directory);
  } catch (error) {
    if (error.code === 'EEXIST') return false;
    throw error;
  }
  writeFileSync(join(directory, 'pid'), String(process.pid));
  return true;
};

const discard = (directory) => {
  // Renamed first: of two runs that find it abandoned only one succeeds.
  const grave = `${directory}.${process.pid}`;
  try {
    renameSync(directory, grave);
  } catch {
    return;
  }
  rmSync(grave, { recursive: true, force: true });
};

/** Does the work while no other run sets up the same checkout. */
export const withLock = async (root, onWait, work) => {
  const directory = lockDirectory(root);
  let waiting = false;
  while (!take(directory)) {
    if (isAbandoned(directory)) {
      discard(directory);
      continue;
    }
    if (!waiting) onWait();
    waiting = true;
    await delay(200);
  }
  const release = () => rmSync(directory, { recursive: true, force: true });
  process.once('exit', release);
  try {
    return await work();
  } finally {
    process.off('exit', release);
    release();
  }
};
