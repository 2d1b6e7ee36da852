import type { RecipeModule } from '../recipe/recipe.js';
import type { Architecture } from './architecture.js';
import { chooseStack, countedStacks } from './choose-stack.js';
import type { TensorName } from './tensor-name.js';

/** Which module of the recipe a tensor of the donor belongs to; null: none that is listed. */
export type OwnerOf = (name: TensorName) => RecipeModule | null;

const rootOf = (stack: string): string => stack.split('.').slice(0, -1).join('.');

const isBelow = (key: string, root: string): boolean => root === '' || key.startsWith(`${root}.`);

/** Whether a part of the name, such as `shared` in `shared.weight`, is the module's. */
const isNamedAfter = ({ key }: TensorName, module: RecipeModule): boolean => key.split('.').includes(module.name ?? '');

/** Assigns tensors to modules: layers to that of their stack, the others by their names, else to that whose stack stands nearest. */
export const moduleOwners = (donor: Architecture, modules: readonly RecipeModule[]): OwnerOf => {
  const [only] = modules;
  if (only !== undefined && only.name === null) return () => only;
  const listed = new Map<string, RecipeModule>();
  const withoutStack: RecipeModule[] = [];
  for (const module of modules) {
    const stack = chooseStack(donor, module);
    if (stack === null) withoutStack.push(module);
    else listed.set(stack.key, module);
  }
  const rest = withoutStack[0] ?? modules.at(-1) ?? null;
  const stacks = new Set([...countedStacks(donor).map(({ key }) => key), ...listed.keys()]);
  const roots = [...stacks].map((key) => ({ key, root: rootOf(key) })).sort((a, b) => b.root.length - a.root.length);
  return (name) => {
    const own = name.layer === null ? undefined : listed.get(name.layer.stack);
    const named = own ?? withoutStack.find((module) => isNamedAfter(name, module));
    if (named !== undefined) return named;
    const nearest = roots.find(({ root }) => isBelow(name.key, root));
    return nearest === undefined ? rest : (listed.get(nearest.key) ?? null);
  };
};

/** Whether a module is the donor's: it has a stack of layers, or tensors outside the layers that are named after it. */
export const isModuleOf = (donor: Architecture, module: RecipeModule): boolean =>
  module.name === null || chooseStack(donor, module) !== null || donor.names.some((name) => isNamedAfter(name, module));
