import { join } from 'node:path';
import { exitCodes } from '../errors.js';
import { summarise } from '../plan/summarise.js';
import { findRecipes } from '../recipe/find-recipes.js';
import { planRecipe } from '../run/plan-recipe.js';
import { type CliContext, packageRoot, packageVersion } from './context.js';
import { repositoryFinder } from './find-repository.js';
import { merge } from './merge.js';

/** `amalgam` alone in a terminal: choose a recipe, see its plan, start it. */
export const home = async (context: CliContext): Promise<number> => {
  const { stdin, stdout, env, cwd } = context;
  const recipes = findRecipes([cwd, join(packageRoot, 'configs/recipes')], cwd);
  const { openHome } = await import('../tui/open-home.js');
  const chosen = await openHome({
    stdin,
    stdout,
    version: packageVersion,
    recipes,
    preview: async (path) => {
      const { plan, faults } = await planRecipe(path, { cwd, findRepository: repositoryFinder(env, { cwd }), seed: 0 });
      return { summary: plan === null ? null : summarise(plan), faults: [...faults] };
    },
  });
  if (chosen === null) return exitCodes.ok;
  const name =
    chosen
      .split('/')
      .at(-1)
      ?.replace(/\.ya?ml$/, '') ?? 'merge';
  return merge(context, chosen, join('out', name), { device: 'auto', seed: 0, split: 'test', force: true });
};
