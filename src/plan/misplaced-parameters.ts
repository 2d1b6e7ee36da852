import { nearest } from '../nearest.js';
import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Recipe, RecipeSlice, RecipeSource } from '../recipe/recipe.js';
import type { YamlPath } from '../yaml.js';
import { isRecord } from './json-record.js';

/** A mapping of the recipe; `counts`: whether the parameter itself would count there. */
type Place = { readonly path: YamlPath; readonly counts: boolean };

const keysAt = ({ source }: Recipe, path: YamlPath): string[] => {
  const value = path.reduce<unknown>(
    (inner, part) => (Object(inner) as Record<string | number, unknown>)[part],
    source.value,
  );
  return isRecord(value) ? Object.keys(value) : [];
};

/** A mapping and the parameters in it. */
const around = (path: YamlPath, counts: boolean): Place[] => [
  { path, counts: false },
  { path: [...path, 'parameters'], counts },
];

const entryOf = ({ path }: RecipeSource): YamlPath => path.slice(0, -1);

/**
 * Whether a parameter that nothing sets stands at a wrong place or under a misspelt name, which is a fault of its own.
 * `where` is the model that needs it, null for a parameter of the whole merge.
 */
export const isMisplaced = (
  recipe: Recipe,
  method: MethodName,
  name: string,
  where: RecipeSource | null,
  slice: RecipeSlice,
): boolean => {
  const { shared, perInput } = methodSpec(method);
  const names = [...Object.keys(shared), ...Object.keys(perInput)];
  const own =
    where === null ? slice.sources.flatMap((source) => around(entryOf(source), false)) : around(entryOf(where), true);
  return [...around([], true), ...around(slice.path, true), ...own].some(({ path, counts }) =>
    keysAt(recipe, path).some((key) => nearest(key, names) === name && !(counts && key === name)),
  );
};
