import type { Fault } from '../fault.js';
import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Operation } from '../protocol/plan.js';
import type { Recipe, Settings } from '../recipe/recipe.js';
import { entryFor, resolveParameters } from '../recipe/resolve.js';
import type { Participant, Roles } from './roles.js';

/** Resolves the operation of each tensor; equal ones are shared. */
export type OperationTable = {
  readonly operations: Operation[];
  /** Index of the operation of a tensor whose layer stands at `t`. */
  readonly indexFor: (tensor: string, t: number) => number;
  /** Required parameters that the recipe does not set, found so far. */
  readonly missing: () => Fault[];
};

export const operationTable = (recipe: Recipe, method: MethodName, { inputs }: Roles): OperationTable => {
  const spec = methodSpec(method);
  const operations: Operation[] = [];
  const known = new Map<string, number>();
  const missingShared = new Set<string>();
  const missingOf = new Map<Participant, Set<string>>(inputs.map((input) => [input, new Set()]));
  const indexFor = (tensor: string, t: number): number => {
    const operation: Operation = {
      method,
      shared: resolveParameters(spec.shared, { levels: [recipe.parameters], tensor, t }, missingShared),
      perInput: inputs.map((input) =>
        resolveParameters(
          spec.perInput,
          { levels: [input.written.parameters, recipe.parameters], tensor, t },
          missingOf.get(input) ?? new Set(),
        ),
      ),
    };
    const key = JSON.stringify(operation);
    const index = known.get(key) ?? operations.push(operation) - 1;
    known.set(key, index);
    return index;
  };
  const fault = (name: string, where: Participant | null): Fault => {
    const message = `${method} needs \`${name}\`${where === null ? '' : ` for ${where.written.reference.text}`}`;
    const meaning = (where === null ? spec.shared : spec.perInput)[name]?.meaning;
    const path = where === null ? ['merge_method'] : where.written.path;
    return recipe.source.faultAt(path, { code: 'parameter-missing', message, hint: meaning && `${name}: ${meaning}` });
  };
  const unreadable = (name: string, levels: readonly Settings[]) =>
    levels.some((settings) => settings[name]?.entries.length === 0);
  const missing = () => [
    ...[...missingShared].filter((name) => !unreadable(name, [recipe.parameters])).map((name) => fault(name, null)),
    ...inputs.flatMap((input) =>
      [...(missingOf.get(input) ?? [])]
        .filter((name) => !unreadable(name, [input.written.parameters, recipe.parameters]))
        .map((name) => fault(name, input)),
    ),
  ];
  return { operations, indexFor, missing };
};

/** Filters that are part of no tensor's name: the setting would silently do nothing. */
export const checkFilters = (recipe: Recipe, tensors: readonly string[]): Fault[] => {
  const levels: readonly Settings[] = [recipe.parameters, ...recipe.models.map((model) => model.parameters)];
  return levels.flatMap((settings) =>
    Object.values(settings).flatMap((setting) =>
      setting.entries
        .filter((entry) => entry.filter !== null && !tensors.some((tensor) => entryFor(setting, tensor) === entry))
        .map(({ filter, path }) => {
          const anywhere = tensors.some((tensor) => filter !== null && tensor.includes(filter));
          const message = anywhere
            ? `the filter \`${filter}\` is never reached: an earlier one takes all its tensors`
            : `the filter \`${filter}\` is part of no tensor's name`;
          const hint = `names look like ${tensors[Math.floor(tensors.length / 2)]}`;
          return recipe.source.faultAt([...path, 'filter'], { code: 'filter-unmatched', message, hint });
        }),
    ),
  );
};

/** Weights that would divide by zero. */
export const checkWeights = (recipe: Recipe, operations: readonly Operation[]): Fault[] => {
  const divides = operations.some(
    ({ method, shared, perInput }) =>
      method === 'linear' &&
      shared.normalize === true &&
      perInput.reduce((sum, { weight }) => sum + Number(weight), 0) === 0,
  );
  if (!divides) return [];
  const message = 'the weights add up to 0, and `normalize` would divide by that';
  return [
    recipe.source.faultAt(['models'], { code: 'weights-cancel', message, hint: 'set `normalize: false`' }, 'key'),
  ];
};
