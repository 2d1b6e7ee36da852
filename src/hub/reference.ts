import { statSync } from 'node:fs';
import { homedir } from 'node:os';
import { basename, resolve } from 'node:path';

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

/** One part of `org/name`: begins and ends with a letter or digit, without `..` or `--`, as the Hub demands. */
const repositoryPart = String.raw`\w(?:\w|\.(?!\.)|-(?!-)){0,95}(?<=\w)`;
const repositoryName = new RegExp(`^${repositoryPart}/${repositoryPart}$`);

/** A branch, tag or commit; `refs/pr/1` is one, a way out of the cache's folder is not. */
const isRevision = (text: string): boolean => /^\w[\w.+-]*(\/\w[\w.+-]*)*$/.test(text) && !text.includes('..');

const isFolder = (path: string): boolean => {
  try {
    return statSync(path).isDirectory();
  } catch {
    return false;
  }
};

const localFolder = (text: string, folders: SearchFolders): string | undefined => {
  const home = text === '~' || text.startsWith('~/') ? homedir() + text.slice(1) : text;
  return folders.map((folder) => resolve(folder, home)).find(isFolder);
};

/** `hf://org/name@revision` and the address of a model's page, as `org/name@revision`. */
const withoutAddress = (text: string): string =>
  text
    .replace(/^hf:\/\/(models\/)?/, '')
    .replace(/^https?:\/\/(?:www\.)?(?:huggingface\.co|hf\.co)\//, '')
    .replace(/^([^/]+\/[^/]+)\/tree\/(.+?)\/?$/, '$1@$2');

/** Where `text` (a path or `org/name[@revision]`) points; an existing folder wins over every other reading. */
export const locate = (text: string, folders: SearchFolders, revision?: string): ModelLocation => {
  const folder = localFolder(text, folders);
  if (folder !== undefined) return { kind: 'folder', path: folder };
  const address = withoutAddress(text);
  const at = address.indexOf('@');
  const name = at === -1 ? address : address.slice(0, at);
  const unversioned = at === -1 ? undefined : localFolder(name, folders);
  if (unversioned !== undefined) return { kind: 'folder', path: unversioned };
  const wanted = at === -1 ? (revision ?? 'main') : address.slice(at + 1);
  if (repositoryName.test(name) && isRevision(wanted)) return { kind: 'hub', repository: name, revision: wanted };
  return { kind: 'missing', path: resolve(folders[0] ?? '.', text) };
};

/** Reads `model[@revision][+adapter[@revision]]`. */
export const parseReference = (text: string, folders: SearchFolders): ModelReference => {
  const whole = locate(text, folders);
  if (whole.kind === 'folder' || !text.includes('+')) return { text, model: whole, adapter: null };
  const plus = text.indexOf('+');
  return { text, model: locate(text.slice(0, plus), folders), adapter: locate(text.slice(plus + 1), folders) };
};

/** A short name for people. */
export const nameOf = (location: ModelLocation): string =>
  basename(location.kind === 'hub' ? location.repository : location.path);

/** One key for references to the same model, however they were written. */
export const identityOf = ({ model, adapter }: ModelReference): string => {
  const key = (location: ModelLocation) =>
    location.kind === 'hub' ? `hub:${location.repository}@${location.revision}` : `folder:${location.path}`;
  return adapter === null ? key(model) : `${key(model)}+${key(adapter)}`;
};
