import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { readLocalPickle } from './pickle/pickled-header.js';
import type { RemoteFile } from './remote-file.js';
import { readSafetensorsHeader, type WeightFile } from './safetensors-header.js';
import { isInModelFolder, isModelFolder } from './sub-folders.js';
import { isPickled } from './weight-names.js';

/** The files of a model, in a folder or still on the Hub. */
export type ModelFiles = {
  /** What people call the model: its folder, or `org/name`. */
  readonly name: string;
  /** Folder that holds them, or will after the download. */
  readonly path: string;
  /** Names of all files, sorted; those in a folder that belongs to the model as `folder/file`. */
  readonly names: readonly string[];
  readonly readText: (name: string) => Promise<string>;
  readonly readHeader: (name: string) => Promise<WeightFile>;
  /** Files that are not on this machine yet, by name. */
  readonly remote: ReadonlyMap<string, RemoteFile>;
};

/** Whether `path` is, perhaps through links, a regular file; with `root`, one below it. */
const isFileIn = (path: string, root: string | undefined): boolean => {
  try {
    const real = realpathSync(path);
    return statSync(real).isFile() && (root === undefined || real.startsWith(root + sep));
  } catch {
    return false;
  }
};

/** Names of entries at the top, and of files in folders that belong to the model. A link to a folder is not followed. */
const listNames = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry: Dirent): string[] => {
    if (!entry.isDirectory() || !isModelFolder(entry.name)) return [entry.name];
    const inside = readdirSync(join(folder, entry.name)).map((name) => `${entry.name}/${name}`);
    return inside.filter(isInModelFolder);
  });

export type LocalOptions = {
  /** Links that lead out of this folder count as missing. */
  readonly root?: string;
  readonly name?: string;
};

/** The files of a folder on this machine. */
export const localFiles = (folder: string, { root, name = folder }: LocalOptions = {}): ModelFiles => {
  const realRoot = root === undefined ? undefined : realpathSync(root);
  return {
    name,
    path: folder,
    names: listNames(folder)
      .filter((file) => isFileIn(join(folder, file), realRoot))
      .sort(),
    readText: async (file) => readFileSync(join(folder, file), 'utf8'),
    readHeader: async (file) => {
      const path = join(folder, file);
      return isPickled(file) ? await readLocalPickle(path) : readSafetensorsHeader(path);
    },
    remote: new Map(),
  };
};
