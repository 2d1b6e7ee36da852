import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { parseYaml } from '../yaml.js';
import { isStarterKit } from './starter-kit.js';

export type FoundRecipe = {
  readonly path: string;
  readonly title: string;
  readonly dialect: 'mergekit' | 'starter-kit';
  readonly method: string | undefined;
};

/** Recipes are small; a larger YAML file is data. */
const maximumBytes = 100_000;

const yamlFiles = (folder: string, depth: number): string[] => {
  let entries: string[];
  try {
    entries = readdirSync(folder).sort();
  } catch {
    return [];
  }
  // A model's folder keeps the recipe that it came from; that is not one to start.
  if (entries.includes('config.json')) return [];
  return entries.flatMap((name) => {
    const path = join(folder, name);
    const stats = statSync(path, { throwIfNoEntry: false });
    if (stats?.isDirectory()) return depth > 0 && !/^(\.|node_modules$)/.test(name) ? yamlFiles(path, depth - 1) : [];
    return stats?.isFile() && stats.size <= maximumBytes && /\.ya?ml$/.test(name) ? [path] : [];
  });
};

const recipeIn = (path: string, cwd: string): FoundRecipe | null => {
  const text = readFileSync(path, 'utf8');
  if (!/merge_method|list_models/.test(text)) return null;
  const { source } = parseYaml(path, text);
  const value = source?.value;
  if (typeof value !== 'object' || value === null) return null;
  const method = 'merge_method' in value && typeof value.merge_method === 'string' ? value.merge_method : undefined;
  const kit = isStarterKit(value);
  if (method === undefined && !kit) return null;
  const shown = relative(cwd, path);
  const near = shown.startsWith('..') ? path : shown;
  return {
    path: near,
    title: near.replace(/^.*configs\/recipes\//, ''),
    dialect: kit ? 'starter-kit' : 'mergekit',
    method: method ?? (kit ? 'starter kit' : undefined),
  };
};

/** Files in `folders` that are recipes of either dialect, each once; the first folder is searched two levels deep. */
export const findRecipes = (folders: readonly string[], cwd: string): FoundRecipe[] => {
  const paths = [...new Set(folders.flatMap((folder) => yamlFiles(folder, 2)))];
  return paths.flatMap((path) => recipeIn(path, cwd) ?? []);
};
