import type { Fault } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import { identityOf } from '../hub/reference.js';
import { methodSpec } from '../protocol/methods.js';
import type { Recipe, RecipeModel } from '../recipe/recipe.js';

/** A recipe's model with what its headers say; `opened` is null when it could not be opened, which is a fault of its own. */
export type Participant = { readonly written: RecipeModel; readonly opened: OpenedModel | null };

export type Roles = {
  /** Null where the method has no base. */
  readonly base: Participant | null;
  /** The models that the method merges, in the recipe's order. */
  readonly inputs: readonly Participant[];
};

const sameModel = (a: Participant, b: Participant): boolean =>
  identityOf(a.written.reference) === identityOf(b.written.reference);

/** Who is base and who is input, as the method wants it. */
export const assignRoles = (
  recipe: Recipe,
  models: readonly Participant[],
  base: Participant | null,
): { roles: Roles; faults: Fault[] } => {
  const faults: Fault[] = [];
  const { method, source } = recipe;
  if (method === null) {
    return { roles: { base, inputs: models.filter((model) => base === null || !sameModel(model, base)) }, faults };
  }
  const spec = methodSpec(method);
  if (spec.base === 'ignored') {
    // As upstream: for a method without a base, `base_model` is one more input.
    const extra = base !== null && !models.some((model) => sameModel(model, base)) ? [base] : [];
    return {
      roles: { base: null, inputs: [...models, ...extra] },
      faults: [...faults, ...checkCount(recipe, models.length + extra.length)],
    };
  }
  if (base === null) {
    const message = `${method} needs a \`base_model\``;
    const hint = 'name the model that the others were fine-tuned from';
    faults.push(source.faultAt(['merge_method'], { code: 'base-missing', message, hint }));
  }
  const inputs = models.filter((model) => base === null || !sameModel(model, base));
  return { roles: { base, inputs }, faults: [...faults, ...checkCount(recipe, inputs.length)] };
};

const checkCount = ({ method, source, dialect }: Recipe, count: number): Fault[] => {
  if (method === null) return [];
  const { minimum, maximum = Number.POSITIVE_INFINITY } = methodSpec(method).inputs;
  if (count >= minimum && count <= maximum) return [];
  const wanted =
    minimum === maximum ? `exactly ${minimum}` : count < minimum ? `at least ${minimum}` : `at most ${maximum}`;
  const besides = methodSpec(method).base === 'required' ? ' besides the base' : '';
  const message = `${method} merges ${wanted} model${wanted.endsWith(' 1') ? '' : 's'}${besides}; the recipe has ${count}`;
  return [source.faultAt([dialect === 'mergekit' ? 'models' : 'list_models'], { code: 'wrong-count', message }, 'key')];
};
