import { type Fault, isError } from '../fault.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Architecture } from './architecture.js';
import { moduleOwners } from './modules.js';
import type { Describe, LeftOver, OutlinedTensor } from './outline.js';
import { outlineByName } from './outline-by-name.js';
import { outlineModule, type StackedLayers } from './outline-module.js';
import type { Participant, SliceRoles } from './roles.js';

/** All tensors of the output. */
export type OutlinedRecipe = {
  readonly tensors: readonly OutlinedTensor[];
  /** Tensors of the donor that no module of the recipe names: they stay as they are. */
  readonly kept: readonly OutlinedTensor[];
  readonly leftOver: readonly LeftOver[];
  readonly stacks: readonly StackedLayers[];
  readonly faults: readonly Fault[];
};

const keptFault = ({ source }: Recipe, kept: readonly OutlinedTensor[], donor: Architecture): Fault[] => {
  if (kept.length === 0) return [];
  const message = `no module of the recipe names ${kept.length} tensors, which are taken from ${donor.model.reference.text} as they are, such as ${kept[0]?.name}`;
  return [source.faultAt(['modules'], { severity: 'warning', code: 'module-unlisted', message }, 'key')];
};

/** Names every tensor of the output and finds it in the models. */
export const outlineRecipe = (
  recipe: Recipe,
  roles: readonly SliceRoles[],
  {
    describe,
    donor,
    isSkipping,
  }: { describe: Describe; donor: { participant: Participant; architecture: Architecture }; isSkipping: boolean },
): OutlinedRecipe => {
  const ownerOf = moduleOwners(donor.architecture, recipe.modules);
  const outlined = recipe.modules.map((module) =>
    outlineModule({
      recipe,
      module,
      slices: roles.filter((one) => one.module === module),
      describe,
      donor: donor.architecture,
      covers: (name) => ownerOf(name) === module,
      isSkipping,
    }),
  );
  const faults = outlined.flatMap((module) => module.faults);
  const [first] = roles;
  const alone = first && { ...first, base: null, inputs: [donor.participant], all: [donor.participant] };
  const kept =
    alone === undefined || faults.some(isError)
      ? []
      : outlineByName({
          roles: alone,
          describe,
          donor: donor.architecture,
          covers: (name) => ownerOf(name) === null,
          isSkipping,
        }).tensors;
  return {
    tensors: outlined.flatMap(({ tensors }) => tensors),
    kept,
    leftOver: outlined.flatMap(({ leftOver }) => leftOver),
    stacks: outlined.flatMap(({ stacked }) => stacked ?? []),
    faults: [...faults, ...keptFault(recipe, kept, donor.architecture)],
  };
};
