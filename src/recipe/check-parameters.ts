import type { Fault } from '../fault.js';
import { suggestion } from '../nearest.js';
import { type MethodName, methodSpec, type ParameterSpec } from '../protocol/methods.js';
import type { YamlSource } from '../yaml.js';
import type { Recipe, Setting, Settings, SettingValue } from './recipe.js';

/** A scalar as the parameter's type, or what was expected instead. */
export const coerce = (value: number | boolean, spec: ParameterSpec): number | boolean | { expected: string } => {
  if (spec.type === 'boolean') {
    if (typeof value === 'boolean') return value;
    return value === 0 || value === 1 ? value === 1 : { expected: 'true or false' };
  }
  if (typeof value === 'boolean' || !Number.isFinite(value)) return { expected: 'a number' };
  if (spec.type === 'integer' && !Number.isInteger(value)) return { expected: 'a whole number' };
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = spec;
  if (value >= minimum && value <= maximum) return value;
  return {
    expected: maximum === Number.POSITIVE_INFINITY ? `at least ${minimum}` : `between ${minimum} and ${maximum}`,
  };
};

const scalarsOf = (value: SettingValue): readonly (number | boolean)[] => (typeof value === 'object' ? value : [value]);

const checkValues = (
  source: YamlSource,
  name: string,
  setting: Setting,
  spec: ParameterSpec,
  faults: Fault[],
): void => {
  for (const { value, path } of setting.entries) {
    for (const scalar of scalarsOf(value)) {
      const coerced = coerce(scalar, spec);
      if (typeof coerced !== 'object') continue;
      const message = `\`${name}\` is ${scalar}; expected ${coerced.expected}`;
      faults.push(source.faultAt(path, { code: 'invalid-parameter', message, hint: `${name}: ${spec.meaning}` }));
    }
  }
};

const checkSettings = (
  recipe: Recipe,
  method: MethodName,
  settings: Settings,
  level: 'recipe' | 'model',
  faults: Fault[],
): void => {
  const { shared, perInput } = methodSpec(method);
  const allowed = level === 'recipe' ? { ...shared, ...perInput } : perInput;
  for (const [name, setting] of Object.entries(settings)) {
    const spec = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (spec !== undefined) checkValues(recipe.source, name, setting, spec, faults);
    else if (level === 'model' && Object.hasOwn(shared, name)) {
      const message = `\`${name}\` is a parameter of the whole merge, not of one model`;
      const hint = 'move it to the `parameters` at the top level';
      faults.push(recipe.source.faultAt(setting.path, { code: 'misplaced-parameter', message, hint }, 'key'));
    } else {
      const message = `${method} has no parameter \`${name}\``;
      const hint =
        suggestion(name, Object.keys(allowed)) ?? (Object.keys(allowed).length === 0 ? 'remove it' : undefined);
      faults.push(recipe.source.faultAt(setting.path, { code: 'unknown-parameter', message, hint }, 'key'));
    }
  }
};

/** Faults of parameters that can be told without looking at a model. */
export const checkParameters = (recipe: Recipe): Fault[] => {
  const { method } = recipe;
  if (method === null) return [];
  const faults: Fault[] = [];
  checkSettings(recipe, method, recipe.parameters, 'recipe', faults);
  for (const model of recipe.models) checkSettings(recipe, method, model.parameters, 'model', faults);
  return faults;
};
