import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { availableParallelism, cpus, platform, release, totalmem } from 'node:os';
import { sep } from 'node:path';

/** The type of the file system that holds the folder: that of the longest mount point above it. */
export const fileSystemOf = (folder, mounts) => {
  const above = mounts
    .split('\n')
    .map((line) => line.split(' '))
    .map(([, point, type]) => ({ point: point?.replaceAll('\\040', ' '), type }))
    .filter(({ point, type }) => type && `${folder}${sep}`.startsWith(point.endsWith(sep) ? point : `${point}${sep}`))
    .sort((one, other) => one.point.length - other.point.length);
  return above.at(-1)?.type ?? null;
};

const mountTable = () => {
  try {
    return readFileSync('/proc/self/mounts', 'utf8');
  } catch {
    return '';
  }
};

/** What the times depend on beside the programs. */
export const machineFacts = (folder, { python, torch, kernels, mergekit }) => ({
  cpu: cpus()[0]?.model.trim() ?? 'unknown processor',
  cores: availableParallelism(),
  memory: totalmem(),
  system: `${platform()} ${release()}`,
  fileSystem: fileSystemOf(folder, mountTable()),
  node: process.versions.node,
  python,
  torch,
  kernels,
  mergekit,
});

const git = (root, args) => {
  try {
    return execFileSync('git', args, { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }).trim();
  } catch {
    return null;
  }
};

/**
 * Which amalgam is measured: the commit, with a `+` where it has changes that are not committed, and the identity of its
 * sources, which a commit of something else leaves as it is. Null outside of git.
 */
export const revision = (root) => {
  const commit = git(root, ['rev-parse', '--short', 'HEAD']);
  const trees = git(root, ['rev-parse', 'HEAD:src', 'HEAD:py/amalgam_worker'])?.split('\n');
  if (commit === null || trees === undefined) return { commit: null, program: null };
  const mark = git(root, ['status', '--porcelain', '--', 'src', 'py/amalgam_worker']) === '' ? '' : '+';
  return { commit: commit + mark, program: trees.map((tree) => tree.slice(0, 12)).join('-') + mark };
};

/** One sentence about the machine. */
export const describeMachine = ({ cpu, cores, memory, system, fileSystem, node, python, torch, kernels, mergekit }) => {
  const parts = [
    `${cpu}, ${cores} cores, ${(memory / 1e9).toFixed(0)} GB`,
    system,
    fileSystem,
    `Node ${node}`,
    `Python ${python}`,
    `torch ${torch}`,
    kernels === null ? 'no compiled kernels' : `kernels compiled by ${kernels}`,
    mergekit === null ? null : `mergekit ${mergekit}`,
  ];
  return parts.filter(Boolean).join(' · ');
};
