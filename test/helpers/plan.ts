import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Fault } from '../../src/fault.js';
import { type PlannedRecipe, type PlanRecipeOptions, planRecipe } from '../../src/run/plan-recipe.js';

/** Writes a recipe into `folder` and plans it there, without the Hub. */
export const planText = async (
  folder: string,
  text: string,
  { name = 'recipe.yml', ...options }: Partial<PlanRecipeOptions> & { readonly name?: string } = {},
): Promise<PlannedRecipe> => {
  writeFileSync(join(folder, name), text);
  return await planRecipe(name, {
    cwd: folder,
    findRepository: ({ repository }) => {
      throw new Error(`a test asked for the repository ${repository}`);
    },
    seed: 0,
    ...options,
  });
};

/** What a fault says and where it points: `code@line:column text under the caret`. */
export const pointing = ({ code, line, column, source, length }: Fault): string =>
  line === null || column === null
    ? code
    : `${code}@${line}:${column} ${source?.slice(column - 1, column - 1 + (length ?? 1))}`;
