import type { Fault } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import { identityOf } from '../hub/reference.js';
import { methodSpec } from '../protocol/methods.js';
import type { Recipe, RecipeModule, RecipeSlice, RecipeSource } from '../recipe/recipe.js';

/** A recipe's model with what its headers say; `opened` is null when it could not be opened, which is a fault of its own. */
export type Participant = { readonly written: RecipeSource; readonly opened: OpenedModel | null };

/** Who takes part in a slice, and as what. */
export type SliceRoles = {
  readonly module: RecipeModule;
  readonly slice: RecipeSlice;
  /** Null where the method has no base. */
  readonly base: Participant | null;
  /** The models that the method merges, in the recipe's order. */
  readonly inputs: readonly Participant[];
  /** The base, where there is one, and the inputs. */
  readonly all: readonly Participant[];
};

export type Open = (written: RecipeSource) => OpenedModel | null;

export const isSameModel = (a: RecipeSource, b: RecipeSource): boolean =>
  identityOf(a.reference) === identityOf(b.reference);

type Assigned = {
  readonly base: RecipeSource | null;
  readonly inputs: readonly RecipeSource[];
  readonly faults: Fault[];
};

const missingBase = ({ source, method }: Recipe): Fault => {
  const message = `${method} needs a \`base_model\``;
  return source.faultAt(['merge_method'], {
    code: 'base-missing',
    message,
    hint: 'name the model that the others were fine-tuned from',
  });
};

/** In a stack of slices nothing is added: the base must be one of the slice's sources. */
const baseOfSlice = (recipe: Recipe, { sources, path }: RecipeSlice, wanted: RecipeSource): Assigned => {
  const found = sources.filter((source) => isSameModel(source, wanted));
  const [base = null, second] = found;
  const faults: Fault[] = [];
  if (base === null) {
    const message = `the base model ${wanted.reference.text} is not among the sources of this slice`;
    const hint = 'add it with its `layer_range`, or give the slice a `base_model` of its own';
    faults.push(recipe.source.faultAt([...path, 'sources'], { code: 'base-not-in-slice', message, hint }, 'key'));
  }
  if (second !== undefined) {
    const message = 'the base model is listed twice, so its layers are ambiguous';
    faults.push(recipe.source.faultAt(second.path, { code: 'model-twice', message, hint: 'list it once' }));
  }
  return { base, inputs: sources.filter((source) => !isSameModel(source, wanted)), faults };
};

/** With an unknown method the models are still compared with the base that the recipe names. */
const baseKind = ({ method }: Recipe, { form }: RecipeModule): string => {
  if (method !== null) return methodSpec(method).base;
  return form === 'models' ? 'optional' : 'ignored';
};

const assign = (recipe: Recipe, module: RecipeModule, slice: RecipeSlice): Assigned => {
  const { sources } = slice;
  const wanted = slice.base ?? recipe.base;
  const kind = baseKind(recipe, module);
  if (kind === 'ignored' || wanted === null) {
    // As upstream: for a method without a base, `base_model` is one more of the whole models.
    const isExtra = wanted !== null && module.form === 'models' && !sources.some((one) => isSameModel(one, wanted));
    const faults = kind === 'required' ? [missingBase(recipe)] : [];
    return { base: null, inputs: isExtra ? [...sources, wanted] : sources, faults };
  }
  if (module.form === 'slices') return baseOfSlice(recipe, slice, wanted);
  return { base: wanted, inputs: sources.filter((source) => !isSameModel(source, wanted)), faults: [] };
};

const checkCount = (recipe: Recipe, { form, path }: RecipeModule, slice: RecipeSlice, inputs: number): Fault[] => {
  if (recipe.method === null || !slice.complete) return [];
  const { minimum, maximum = Number.POSITIVE_INFINITY } = methodSpec(recipe.method).inputs;
  if (inputs >= minimum && inputs <= maximum) return [];
  const wanted =
    minimum === maximum ? `exactly ${minimum}` : inputs < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  const besides = methodSpec(recipe.method).base === 'ignored' ? '' : ' besides the base';
  const where = form === 'slices' ? 'the slice' : 'the recipe';
  const message = `${recipe.method} merges ${wanted} model${wanted.endsWith(' 1') ? '' : 's'}${besides}; ${where} has ${inputs}`;
  const at = form === 'slices' ? [...slice.path, 'sources'] : path;
  return [recipe.source.faultAt(at, { code: 'wrong-count', message }, 'key')];
};

const checkTwice = (recipe: Recipe, inputs: readonly RecipeSource[]): Fault[] =>
  inputs.flatMap((input, index) => {
    const earlier = inputs.slice(0, index).find((other) => isSameModel(input, other));
    if (earlier === undefined || String(earlier.layers?.start) !== String(input.layers?.start)) return [];
    const message = `${input.reference.text} is listed twice; both entries count`;
    return [recipe.source.faultAt(input.path, { severity: 'warning', code: 'model-twice', message })];
  });

/** Who is base and who is input in every slice, as the method wants it. */
export const assignRoles = (recipe: Recipe, open: Open): { roles: SliceRoles[]; faults: Fault[] } => {
  const faults: Fault[] = [];
  const participant = (written: RecipeSource): Participant => ({ written, opened: open(written) });
  const roles = recipe.modules.flatMap((module) =>
    module.slices.map((slice): SliceRoles => {
      const assigned = assign(recipe, module, slice);
      const isRepeated = (fault: Fault) =>
        fault.code === 'base-missing' && faults.some(({ code }) => code === fault.code);
      faults.push(...assigned.faults.filter((fault) => !isRepeated(fault)));
      const whole = assigned.faults.length === 0;
      if (whole) faults.push(...checkCount(recipe, module, slice, assigned.inputs.length));
      faults.push(...checkTwice(recipe, assigned.inputs));
      const base = assigned.base === null ? null : participant(assigned.base);
      const inputs = assigned.inputs.map(participant);
      return { module, slice, base, inputs, all: base === null ? inputs : [base, ...inputs] };
    }),
  );
  return { roles, faults };
};
