import { mkdir, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/** A lock may lack its owner's name only for the instant between two system calls. */
const namelessMilliseconds = 5_000;
const pollMilliseconds = 200;

const code = (error: unknown): unknown => (error instanceof Error && 'code' in error ? error.code : undefined);

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return code(error) === 'EPERM';
  }
};

/** Whether the process that took the lock ended without giving it back. */
const isAbandoned = async (directory: string): Promise<boolean> => {
  try {
    return !isAlive(Number(await readFile(join(directory, 'pid'), 'utf8')));
  } catch {
    const made = await stat(directory).catch(() => undefined);
    return made !== undefined && Date.now() - made.mtimeMs > namelessMilliseconds;
  }
};

const take = async (directory: string): Promise<boolean> => {
  try {
    await mkdir(directory);
  } catch (error) {
    if (code(error) === 'EEXIST') return false;
    throw error;
  }
  await writeFile(join(directory, 'pid'), String(process.pid));
  return true;
};

const discard = async (directory: string): Promise<void> => {
  // Renamed first: of two processes that find it abandoned only one succeeds.
  const grave = `${directory}.${process.pid}`;
  try {
    await rename(directory, grave);
  } catch {
    return;
  }
  await rm(grave, { recursive: true, force: true });
};

/** Does the work while no other process holds the lock directory; a dead owner's lock is taken over. */
export const withLock = async <Result>(
  directory: string,
  { onWait, work }: { readonly onWait: () => void; readonly work: () => Promise<Result> },
): Promise<Result> => {
  let waiting = false;
  while (!(await take(directory))) {
    if (await isAbandoned(directory)) {
      await discard(directory);
      continue;
    }
    if (!waiting) onWait();
    waiting = true;
    await delay(pollMilliseconds);
  }
  try {
    return await work();
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
};
