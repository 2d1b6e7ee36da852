import type { Fault } from '../fault.js';
import type { ParameterSpec } from '../protocol/method-spec.js';
import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Operation, ParameterValues } from '../protocol/plan.js';
import type { Recipe, RecipeSource, Settings } from '../recipe/recipe.js';
import {
  isUnreadable,
  type ResolvedParameter,
  resolveParameter,
  type TypedValue,
  valueFor,
} from '../recipe/resolve.js';
import type { Member } from './group.js';
import { isMisplaced } from './misplaced-parameters.js';
import type { OutlinedTensor } from './outline.js';
import type { SliceRoles } from './roles.js';

/** Resolves the operation of each tensor; equal ones are shared. */
export type OperationTable = {
  readonly operations: Operation[];
  /** Index of the operation that merges `inputs` into the tensor. */
  readonly indexFor: (tensor: OutlinedTensor, inputs: readonly Member[]) => number;
  /** Index of the operation that takes one tensor as it is, changing its type. */
  readonly unchanged: () => number;
  /** Required parameters that the recipe does not set, found so far. */
  readonly missing: () => Fault[];
};

type Resolved = {
  readonly shared: readonly ResolvedParameter[];
  readonly perInput: readonly (readonly ResolvedParameter[])[];
};

/** Levels that hold for all models of a slice, most specific first. */
export const sharedLevels = (recipe: Recipe, { slice, module }: SliceRoles): readonly Settings[] => [
  slice.parameters,
  module.parameters,
  recipe.parameters,
];

const resolveAll = (specs: Readonly<Record<string, ParameterSpec>>, levels: readonly Settings[]): ResolvedParameter[] =>
  Object.entries(specs).map(([name, spec]) => resolveParameter(name, spec, levels));

const namedValues = (parameters: readonly ResolvedParameter[], values: readonly (TypedValue | undefined)[]) => {
  const named: ParameterValues = {};
  for (const [index, { name }] of parameters.entries()) {
    const value = values[index];
    if (value !== undefined) named[name] = value;
  }
  return named;
};

/** Unless names that mean nothing are allowed, a parameter that stands under one is not also called missing. */
export const operationTable = (recipe: Recipe, method: MethodName, allowUnknown: boolean): OperationTable => {
  const spec = methodSpec(method);
  const operations: Operation[] = [];
  const known = new Map<string, number>();
  const resolved = new Map<SliceRoles, Resolved>();
  const faults = new Map<string, Fault>();

  const resolvedFor = (roles: SliceRoles): Resolved => {
    const found = resolved.get(roles);
    if (found !== undefined) return found;
    const levels = sharedLevels(recipe, roles);
    const own = {
      shared: resolveAll(spec.shared, levels),
      perInput: roles.inputs.map(({ written }) => resolveAll(spec.perInput, [written.parameters, ...levels])),
    };
    resolved.set(roles, own);
    return own;
  };

  const noteMissing = (name: string, roles: SliceRoles, where: RecipeSource | null): void => {
    const own = (where === null ? spec.shared : spec.perInput)[name];
    const levels = [...(where === null ? [] : [where.parameters]), ...sharedLevels(recipe, roles)];
    if (own === undefined || isUnreadable(name, own, levels)) return;
    if (!allowUnknown && isMisplaced(recipe, method, name, where, roles.slice)) return;
    const message = `${method} needs \`${name}\`${where === null ? '' : ` for ${where.reference.text}`}`;
    const path = where === null ? ['merge_method'] : where.path;
    const description = { code: 'parameter-missing', message, hint: `${name}: ${own.meaning}` };
    faults.set(`${name} ${path.join('.')}`, recipe.source.faultAt(path, description));
  };

  const add = (key: string, make: () => Operation): number => {
    const index = known.get(key) ?? operations.push(make()) - 1;
    known.set(key, index);
    return index;
  };

  const indexFor = (tensor: OutlinedTensor, inputs: readonly Member[]): number => {
    const { roles, name, t, sourceNames } = tensor;
    const { shared, perInput } = resolvedFor(roles);
    const first = roles.base === null ? 0 : 1;
    const sharedValues = shared.map((parameter) => valueFor(parameter, name, t));
    const inputParameters = inputs.map(({ index }) => perInput[index - first] ?? []);
    const inputValues = inputs.map(({ index }, at) =>
      (inputParameters[at] ?? []).map((parameter) => valueFor(parameter, sourceNames?.[index] ?? name, t)),
    );
    for (const [at, value] of sharedValues.entries()) {
      const parameter = shared[at];
      if (value === undefined && parameter !== undefined) noteMissing(parameter.name, roles, null);
    }
    for (const [at, values] of inputValues.entries()) {
      const where = roles.all[inputs[at]?.index ?? 0]?.written ?? null;
      for (const [position, { name: parameter }] of (inputParameters[at] ?? []).entries()) {
        if (values[position] === undefined) noteMissing(parameter, roles, where);
      }
    }
    return add(`${sharedValues.join()}|${inputValues.map((values) => values.join()).join('|')}`, () => ({
      method,
      shared: namedValues(shared, sharedValues),
      perInput: inputValues.map((values, at) => namedValues(inputParameters[at] ?? [], values)),
    }));
  };

  return {
    operations,
    indexFor,
    unchanged: () => add('unchanged', () => ({ method: 'passthrough', shared: {}, perInput: [{ scale: 1 }] })),
    missing: () => [...faults.values()],
  };
};
