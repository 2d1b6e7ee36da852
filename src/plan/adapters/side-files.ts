import type { SideFile } from '../../protocol/plan.js';
import type { Recipe } from '../../recipe/recipe.js';
import { modelCard } from '../card.js';
import { recipeFileName } from '../side-files.js';
import { type AdapterOutput, adapterConfigFile } from './output-config.js';

/** What stands beside the weights of an adapter; its config comes last because it makes the folder an adapter. */
export const adapterSideFiles = (recipe: Recipe, output: AdapterOutput, hasCard: boolean): SideFile[] => {
  const written = (name: string, text: string): SideFile => ({ name, source: null, text });
  const card = [
    written(recipeFileName(recipe), recipe.source.text),
    written('README.md', modelCard(recipe, output.opened)),
  ];
  return [...(hasCard ? card : []), adapterConfigFile(output)];
};
