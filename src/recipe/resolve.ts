import type { ParameterSpec } from '../protocol/methods.js';
import type { ParameterValues } from '../protocol/plan.js';
import { coerce } from './check-parameters.js';
import type { Setting, Settings, SettingValue } from './recipe.js';

/**
 * The value of a gradient at position `t` in [0, 1] of the layers: linear between numbers, the element reached for
 * booleans. Embeddings, final norm and head stand at t = 0.
 */
export const valueAt = (value: SettingValue, t: number): number | boolean => {
  if (typeof value !== 'object') return value;
  const position = t * (value.length - 1);
  const low = Math.min(Math.trunc(position), value.length - 1);
  const first = value[low] ?? 0;
  const second = value[Math.min(low + 1, value.length - 1)] ?? first;
  if (typeof first === 'boolean' || typeof second === 'boolean') return first;
  const fraction = position - low;
  return (1 - fraction) * first + fraction * second;
};

/** The entry of a setting that applies to a tensor. */
export const entryFor = (setting: Setting, tensor: string): Setting['entries'][number] | undefined =>
  setting.entries.find(({ filter }) => filter === null || tensor.includes(filter));

/** Where a parameter of one tensor is looked up, most specific level first. */
export type Lookup = {
  readonly levels: readonly Settings[];
  /** The name that filters are tested on. */
  readonly tensor: string;
  /** Position among the layers, 0 to 1. */
  readonly t: number;
};

/** All parameters of `specs` for one tensor; the names of required ones that nothing sets are added to `missing`. */
export const resolveParameters = (
  specs: Readonly<Record<string, ParameterSpec>>,
  { levels, tensor, t }: Lookup,
  missing: Set<string>,
): ParameterValues => {
  const values: ParameterValues = {};
  for (const [name, spec] of Object.entries(specs)) {
    const entry = levels
      .map((settings) => (Object.hasOwn(settings, name) ? settings[name] : undefined))
      .map((setting) => setting && entryFor(setting, tensor))
      .find((found) => found !== undefined);
    const value = entry === undefined ? spec.default : coerce(valueAt(entry.value, t), spec);
    if (value === undefined) missing.add(name);
    else if (typeof value !== 'object') values[name] = value;
  }
  return values;
};
