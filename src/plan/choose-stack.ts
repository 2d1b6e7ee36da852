import type { Fault } from '../fault.js';
import type { Recipe, RecipeModule } from '../recipe/recipe.js';
import type { Architecture, Stack } from './architecture.js';
import { layerCountPaths } from './layer-counts.js';

const tensorsIn = ({ names }: Stack): number => names.reduce((sum, layer) => sum + layer.length, 0);

/** Stacks that config.json counts, else the largest: lists of a few modules are numbered, too. */
export const countedStacks = ({ stacks, model }: Architecture): Stack[] => {
  const { config } = model.checkpoint;
  const all = [...stacks.values()].sort((a, b) => tensorsIn(b) - tensorsIn(a));
  const counted = all.filter(({ key, layers }) => config !== null && layerCountPaths(config, key, layers).length > 0);
  // A Sequential of two may happen to have as many parts as a one-layer model has layers.
  const real = counted.filter(({ layers, names }) => layers > 1 || names.length > 1 || counted.length === 1);
  return real.length > 0 ? real : all.slice(0, 1);
};

const isCalled = ({ key, prefix }: Stack, name: string): boolean =>
  key === name || prefix === name || prefix.split('.').includes(name);

/** What a module is called by those who name it after what it is for. */
const isMain = (name: string): boolean => /^(default|text|text_decoder|text_model|language_model)$/.test(name);

/** The stack of a model that a module's slices cut: its only one, or the one that the recipe names. */
export const chooseStack = (architecture: Architecture, module: RecipeModule): Stack | null => {
  const counted = countedStacks(architecture);
  if (module.name === null) return counted.length > 1 ? null : (counted[0] ?? null);
  const { name } = module;
  const found =
    counted.find((stack) => isCalled(stack, name)) ??
    [...architecture.stacks.values()].find((stack) => isCalled(stack, name));
  if (found !== undefined) return found;
  const text = counted.find(({ key }) => !/vis|image|audio|speech/i.test(key));
  return isMain(name) ? (text ?? null) : null;
};

const short = ({ prefix }: Stack): string => prefix.replace(/^model\./, '').replace(/\.(layers?|blocks?|h)$/, '');

/** Why no stack could be chosen. */
export const stackFault = ({ source }: Recipe, architecture: Architecture, module: RecipeModule): Fault => {
  const names = countedStacks(architecture).map(short);
  const listed = names.map((name) => `\`${name}\``).join(', ');
  const model = architecture.model.reference.text;
  if (module.name !== null) {
    const message = `${model} has no module \`${module.name}\``;
    return source.faultAt(
      module.path.slice(0, -1),
      { code: 'unknown-module', message, hint: `one of: ${listed}` },
      'key',
    );
  }
  const message =
    names.length === 0 ? `${model} has no layers to slice` : `${model} has several stacks of layers: ${listed}`;
  const hint = names.length === 0 ? undefined : `say which with \`modules: { ${names[0]}: { slices: … } }\``;
  return source.faultAt(
    module.path,
    { code: names.length === 0 ? 'no-layers' : 'several-stacks', message, hint },
    'key',
  );
};
