import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { nearest } from '../nearest.js';

/** The folder beside `path` that a misspelt `path` probably meant. */
export const similarFolder = (path: string): string | undefined => {
  const parent = dirname(path);
  try {
    const folders = readdirSync(parent, { withFileTypes: true }).filter((entry) => !entry.isFile());
    const close = nearest(
      basename(path),
      folders.map(({ name }) => name),
    );
    return close === undefined ? undefined : join(parent, close);
  } catch {
    return undefined;
  }
};
