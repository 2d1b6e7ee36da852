import { readdirSync, readFileSync } from 'node:fs';

const read = (path) => {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    // The process has ended meanwhile, or this system has no /proc.
    return '';
  }
};

const threadsOf = (pid) => {
  try {
    return readdirSync(`/proc/${pid}/task`);
  } catch {
    return [];
  }
};

const childrenOf = (pid) =>
  threadsOf(pid)
    .flatMap((thread) => read(`/proc/${pid}/task/${thread}/children`).trim().split(' '))
    .filter(Boolean)
    .map(Number);

/**
 * Process numbers of a process and everything that descends from it.
 * @returns {number[]}
 */
export const treeOf = (pid) => [pid, ...childrenOf(pid).flatMap(treeOf)];

const anonymousBytes = (pid) => Number(/^RssAnon:\s+(\d+) kB/m.exec(read(`/proc/${pid}/status`))?.[1] ?? 0) * 1024;

/** Resident anonymous memory of the processes together, in bytes; 0 where the system does not tell. */
export const anonymousMemory = (pids) => pids.reduce((sum, pid) => sum + anonymousBytes(pid), 0);
