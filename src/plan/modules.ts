import type { RecipeModule } from '../recipe/recipe.js';
import type { Architecture, TensorName } from './architecture.js';
import { chooseStack, countedStacks } from './choose-stack.js';

/** Which module of the recipe a tensor of the donor belongs to; null: none that is listed. */
export type OwnerOf = (name: TensorName) => RecipeModule | null;

const rootOf = (stack: string): string => stack.split('.').slice(0, -1).join('.');

const isBelow = (key: string, root: string): boolean => root === '' || key.startsWith(`${root}.`);

/** Assigns tensors to modules: layers to that of their stack, the others to that whose stack stands nearest. */
export const moduleOwners = (donor: Architecture, modules: readonly RecipeModule[]): OwnerOf => {
  const [only] = modules;
  if (only !== undefined && only.name === null) return () => only;
  const listed = new Map(
    modules.flatMap((module) => {
      const stack = chooseStack(donor, module);
      return stack === null ? [] : [[stack.key, module] as const];
    }),
  );
  const last = modules.at(-1) ?? null;
  const stacks = new Set([...countedStacks(donor).map(({ key }) => key), ...listed.keys()]);
  const roots = [...stacks].map((key) => ({ key, root: rootOf(key) })).sort((a, b) => b.root.length - a.root.length);
  return ({ key, layer }) => {
    const own = layer === null ? undefined : listed.get(layer.stack);
    if (own !== undefined) return own;
    const nearest = roots.find(({ root }) => isBelow(key, root));
    return nearest === undefined ? last : (listed.get(nearest.key) ?? null);
  };
};
