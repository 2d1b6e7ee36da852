import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { adapterNames, isAdapter } from './adapter.js';
import { type Environment, hubCache, repositoryFolder } from './cache.js';
import { localFiles, type ModelFiles } from './model-files.js';
import { weightNames } from './weight-names.js';

/** The commit that a cached branch or tag points to; a commit is its own. */
export const cachedCommit = (repository: string, revision: string, env: Environment): string | undefined => {
  if (/^[0-9a-f]{40}$/.test(revision)) return revision;
  const ref = join(repositoryFolder(repository, env), 'refs', revision);
  const commit = existsSync(ref) ? readFileSync(ref, 'utf8').trim() : '';
  return /^[0-9a-f]{40}$/.test(commit) ? commit : undefined;
};

export const snapshotFolder = (repository: string, commit: string, env: Environment): string =>
  join(repositoryFolder(repository, env), 'snapshots', commit);

/** The files of a cached revision, perhaps not all; undefined when none is there. Links may not leave the cache. */
export const cachedFiles = (repository: string, revision: string, env: Environment): ModelFiles | undefined => {
  const commit = cachedCommit(repository, revision, env);
  const folder = commit === undefined ? undefined : snapshotFolder(repository, commit, env);
  return folder !== undefined && existsSync(folder)
    ? localFiles(folder, { root: hubCache(env), name: repository })
    : undefined;
};

/** What a cached snapshot lacks to be merged; nothing when it is complete. */
export const missingNames = async (files: ModelFiles): Promise<string[]> => {
  const { names } = files;
  const lacking = (wanted: readonly string[]) => wanted.filter((name) => !names.includes(name));
  if (isAdapter(files)) return lacking(adapterNames(names));
  const { missing, names: weights } = await weightNames(files.name, names, files.readText);
  const unnamed = weights.length === 0 ? ['model.safetensors'] : [];
  return [...lacking(['config.json']), ...missing, ...unnamed];
};
