import type { Fault } from '../fault.js';
import type { Recipe, RecipeModule } from '../recipe/recipe.js';
import type { Architecture, Stack } from './architecture.js';
import { checkDepths, checkRanges } from './check-layers.js';
import { chooseStack, stackFault } from './choose-stack.js';
import { isModuleOf } from './modules.js';
import { type Describe, type Outline, referenceOf } from './outline.js';
import { outlineByName, outlineLoose } from './outline-by-name.js';
import { lengthOf, outlineLayers } from './outline-layers.js';
import type { Participant, SliceRoles } from './roles.js';
import type { TensorName } from './tensor-name.js';

/** A stack of the output that is put together anew, and the layer that each of its layers comes from. */
export type StackedLayers = {
  readonly stack: Stack;
  readonly origins: readonly { readonly architecture: Architecture; readonly index: number }[];
};

export type OutlinedModule = Outline & { readonly stacked: StackedLayers | null; readonly faults: readonly Fault[] };

export type ModuleScope = {
  readonly recipe: Recipe;
  readonly module: RecipeModule;
  readonly slices: readonly SliceRoles[];
  readonly describe: Describe;
  readonly donor: Architecture;
  readonly covers: (name: TensorName) => boolean;
  readonly isSkipping: boolean;
};

const outlineWhole = (scope: ModuleScope): OutlinedModule => {
  const { recipe, module, slices, describe, donor, isSkipping } = scope;
  const [roles] = slices;
  const reference = roles === undefined ? null : referenceOf(roles, describe, donor);
  if (roles === undefined || reference === null) return { tensors: [], leftOver: [], stacked: null, faults: [] };
  const faults = checkDepths(recipe.source, roles, describe, reference, isSkipping);
  if (!isModuleOf(donor, module)) faults.push(stackFault(recipe, donor, module));
  return { ...outlineByName({ ...scope, roles }), stacked: null, faults };
};

const originsOf = (roles: SliceRoles, describe: Describe, stacks: ReadonlyMap<Participant, Stack>) => {
  const lengths = roles.all.flatMap((participant) => lengthOf(participant, stacks.get(participant)) ?? []);
  const first = roles.all.find((participant) => describe(participant) !== null);
  const architecture = first === undefined ? null : describe(first);
  if (architecture === null) return [];
  const start = first?.written.layers?.start ?? 0;
  return Array.from({ length: Math.min(...lengths) }, (_, offset) => ({ architecture, index: start + offset }));
};

/** Stacks of participants, with a fault for each model in which none can be chosen. */
const chooseStacks = ({ recipe, module, slices, describe }: ModuleScope) => {
  const stacks = new Map<Participant, Stack>();
  const faults = new Map<Architecture, Fault>();
  for (const participant of slices.flatMap(({ all }) => all)) {
    const architecture = describe(participant);
    if (architecture === null) continue;
    const stack = chooseStack(architecture, module);
    if (stack !== null) stacks.set(participant, stack);
    else faults.set(architecture, stackFault(recipe, architecture, module));
  }
  return { stacks, faults: [...faults.values()] };
};

const outlineStack = (scope: ModuleScope): OutlinedModule => {
  const { recipe, module, slices, describe, donor, covers } = scope;
  const { stacks, faults } = chooseStacks(scope);
  const stack = chooseStack(donor, module);
  const first = slices[0];
  const last = slices.at(-1);
  const wrong = [...faults, ...slices.flatMap((roles) => checkRanges(recipe.source, roles, stacks))];
  if (faults.length > 0 || stack === null || first === undefined || last === undefined) {
    return { tensors: [], leftOver: [], stacked: null, faults: wrong };
  }
  const chosen = new Set([...stacks.values()].map(({ key }) => key));
  const isLoose = (name: TensorName) => covers(name) && !(name.layer !== null && chosen.has(name.layer.stack));
  const before = outlineLoose({ ...scope, roles: first, covers: isLoose }, 'before');
  const after = outlineLoose({ ...scope, roles: last, covers: isLoose }, 'after');
  let count = 0;
  const origins: StackedLayers['origins'][number][] = [];
  const layers = slices.flatMap((roles) => {
    const own = originsOf(roles, describe, stacks);
    const tensors = outlineLayers({ roles, describe, donor }, stacks, stack.key, count);
    count += own.length;
    origins.push(...own);
    return tensors;
  });
  return {
    tensors: [...before.tensors, ...layers, ...after.tensors],
    leftOver: [...before.leftOver, ...after.leftOver],
    stacked: { stack, origins },
    faults: wrong,
  };
};

/** Everything that one module of the output holds. */
export const outlineModule = (scope: ModuleScope): OutlinedModule =>
  scope.module.form === 'models' ? outlineWhole(scope) : outlineStack(scope);
