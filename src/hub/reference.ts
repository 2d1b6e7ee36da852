import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { resolve } from 'node:path';

/** A model folder on this machine, or a repository on the Hub at a revision. */
export type ModelLocation =
  | { readonly kind: 'folder'; readonly path: string }
  | { readonly kind: 'hub'; readonly repository: string; readonly revision: string }
  | { readonly kind: 'missing'; readonly path: string };

/** A model as a recipe names it, perhaps with a LoRA adapter to apply. */
export type ModelReference = {
  /** As written. */
  readonly text: string;
  readonly model: ModelLocation;
  readonly adapter: ModelLocation | null;
};

/** Folders against which a relative path is tried, in order: the working directory, then the recipe's. */
export type SearchFolders = readonly string[];

const repositoryName = /^[\w.-]+\/[\w.-]+$/;

const isFolder = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;

const localFolder = (text: string, folders: SearchFolders): string | undefined => {
  const home = text === '~' || text.startsWith('~/') ? homedir() + text.slice(1) : text;
  return folders.map((folder) => resolve(folder, home)).find(isFolder);
};

/** Where `text` (a path or `org/name[@revision]`) points; an existing folder wins over every other reading. */
export const locate = (text: string, folders: SearchFolders, revision?: string): ModelLocation => {
  const folder = localFolder(text, folders);
  if (folder !== undefined) return { kind: 'folder', path: folder };
  const [name = '', written] = text.split('@');
  if (written !== undefined) {
    const unversioned = localFolder(name, folders);
    if (unversioned !== undefined) return { kind: 'folder', path: unversioned };
  }
  if (repositoryName.test(name) && !/^[.~]/.test(name)) {
    return { kind: 'hub', repository: name, revision: written ?? revision ?? 'main' };
  }
  return { kind: 'missing', path: resolve(folders[0] ?? '.', text) };
};

/** Reads `model[@revision][+adapter[@revision]]`. */
export const parseReference = (text: string, folders: SearchFolders): ModelReference => {
  const whole = locate(text, folders);
  if (whole.kind === 'folder' || !text.includes('+')) return { text, model: whole, adapter: null };
  const plus = text.indexOf('+');
  return { text, model: locate(text.slice(0, plus), folders), adapter: locate(text.slice(plus + 1), folders) };
};

/** One key for references to the same model, however they were written. */
export const identityOf = ({ model, adapter }: ModelReference): string => {
  const key = (location: ModelLocation) =>
    location.kind === 'hub' ? `hub:${location.repository}@${location.revision}` : `folder:${location.path}`;
  return adapter === null ? key(model) : `${key(model)}+${key(adapter)}`;
};
