import {
  closeSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join, sep } from 'node:path';
import { z } from 'zod';
import { exitCodes, UserError } from '../errors.js';

/** Says whose the folder is and which files belong to it; written first and last. */
export const scoresName = 'scores.json';

/** Ends the name of a file while it is written. */
const unfinished = '.partial';

const Listing = z.object({ tool: z.literal('amalgam'), files: z.array(z.string()) });

/** Files that an evaluation wrote into a folder, relative to it; null where there is a `scores.json` that is not ours. */
const listedFiles = (folder: string): string[] | null => {
  const path = join(folder, scoresName);
  if (!existsSync(path)) return [];
  try {
    return Listing.parse(JSON.parse(readFileSync(path, 'utf8'))).files;
  } catch {
    return null;
  }
};

const filesUnder = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll(sep, '/'),
    );

/** Files of a folder of results that no evaluation wrote. */
export const foreignResults = (folder: string): string[] => {
  if (!existsSync(folder)) return [];
  const own = new Set((listedFiles(folder) ?? []).flatMap((name) => [name, `${name}${unfinished}`]));
  return filesUnder(folder).filter((name) => !own.has(name));
};

const removeEmpty = (folder: string): void => {
  try {
    rmdirSync(folder);
  } catch {
    // Something else is in it.
  }
};

/** Removes what an earlier evaluation left, so that nothing of it is taken for a result of this one. */
export const clearResults = (folder: string): void => {
  const files = listedFiles(folder);
  if (files === null) {
    throw new UserError({
      code: 'results-occupied',
      message: `${join(folder, scoresName)} was not written by amalgam`,
      hint: 'choose another folder for the results',
      exitCode: exitCodes.usage,
    });
  }
  const inside = files.filter((name) => !name.split('/').some((part) => part === '' || part === '.' || part === '..'));
  for (const name of inside) rmSync(join(folder, name), { force: true });
  for (const parent of new Set(inside.map(dirname).filter((name) => name !== '.'))) removeEmpty(join(folder, parent));
};

/** Writes a file whole or not at all. */
export const writeWhole = (folder: string, name: string, text: string): void => {
  const path = join(folder, name);
  mkdirSync(dirname(path), { recursive: true });
  const file = openSync(`${path}${unfinished}`, 'w');
  try {
    writeFileSync(file, text);
    fsyncSync(file);
  } finally {
    closeSync(file);
  }
  renameSync(`${path}${unfinished}`, path);
};
