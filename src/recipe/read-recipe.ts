import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { Fault } from '../fault.js';
import { parseYaml } from '../yaml.js';
import { lowerMergekit } from './mergekit.js';
import type { Recipe } from './recipe.js';
import { isStarterKit, lowerStarterKit } from './starter-kit.js';

export type ReadRecipeOptions = {
  readonly cwd: string;
  /** What means nothing is a warning rather than an error. */
  readonly allowUnknown?: boolean | undefined;
  /** Name under which the starter kit would register the file. */
  readonly registered?: string | undefined;
};

const readText = (file: string, path: string): string => {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    const reason = (cause as NodeJS.ErrnoException).code === 'ENOENT' ? 'there is no such file' : String(cause);
    throw new UserError({
      code: 'recipe-not-found',
      message: `cannot read the recipe ${file}: ${reason}`,
      hint: 'give the path of a YAML file; `amalgam` alone in a terminal lists those it finds',
      exitCode: exitCodes.notFound,
      cause,
    });
  }
};

/** Reads and lowers a recipe file of either dialect; what is wrong with it comes back as faults with places. */
export const readRecipe = (
  file: string,
  { cwd, allowUnknown = false, registered }: ReadRecipeOptions,
): { recipe: Recipe | null; faults: Fault[] } => {
  const path = resolve(cwd, file);
  const { source, faults } = parseYaml(file, readText(file, path));
  if (source === null) return { recipe: null, faults };
  const folders = [cwd, dirname(path)];
  const reading = { source, faults, unknownKeys: allowUnknown ? 'warning' : 'error' } as const;
  return isStarterKit(source.value)
    ? lowerStarterKit(reading, { folders, registered })
    : lowerMergekit(reading, folders);
};
