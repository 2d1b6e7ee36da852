import type { ParameterSpec } from '../protocol/method-spec.js';
import { coerce } from './coerce.js';
import type { Setting, SettingEntry, Settings, SettingValue } from './recipe.js';

/** A value of the type that its parameter wants. */
export type TypedValue = number | boolean | string;
type TypedGradient = readonly TypedValue[];

/** One way that a parameter may get its value; a null filter matches every name. */
export type TypedEntry = { readonly filter: string | null; readonly value: TypedValue | TypedGradient };

/** All ways in order of precedence, through all levels down to the default: the first whose filter matches applies. */
export type ResolvedParameter = { readonly name: string; readonly entries: readonly TypedEntry[] };

/**
 * The value of a gradient at position `t` in [0, 1] of the layers: linear between numbers, the element reached for
 * booleans and words. Embeddings, final norm and head stand at t = 0.
 */
export const valueAt = (value: TypedValue | TypedGradient, t: number): TypedValue => {
  if (typeof value !== 'object') return value;
  const position = t * (value.length - 1);
  const low = Math.min(Math.trunc(position), value.length - 1);
  const first = value[low] ?? 0;
  const second = value[Math.min(low + 1, value.length - 1)] ?? first;
  if (typeof first !== 'number' || typeof second !== 'number') return first;
  const fraction = position - low;
  return (1 - fraction) * first + fraction * second;
};

/** The entry of a setting that applies to a tensor. */
export const entryFor = (setting: Setting, tensor: string): SettingEntry | undefined =>
  setting.entries.find(({ filter }) => filter === null || tensor.includes(filter));

const settingIn = (settings: Settings, name: string): Setting | undefined =>
  Object.hasOwn(settings, name) ? settings[name] : undefined;

/** Null where a scalar is not of the type; that is a fault of its own. */
const typed = (value: SettingValue, spec: ParameterSpec): TypedEntry['value'] | null => {
  const values = (typeof value === 'object' ? value : [value]).map((scalar) => coerce(scalar, spec));
  if (values.some((one) => typeof one === 'object')) return null;
  return typeof value === 'object' ? (values as TypedValue[]) : (values[0] as TypedValue);
};

/** Looks one parameter up in `levels`, most specific first. A level none of whose filters match falls through to the next. */
export const resolveParameter = (name: string, spec: ParameterSpec, levels: readonly Settings[]): ResolvedParameter => {
  const entries: TypedEntry[] = [];
  for (const level of levels) {
    for (const { filter, value } of settingIn(level, name)?.entries ?? []) {
      const own = typed(value, spec);
      if (own !== null) entries.push({ filter, value: own });
      if (filter === null) return { name, entries };
    }
  }
  if (spec.default !== undefined) entries.push({ filter: null, value: spec.default });
  return { name, entries };
};

/** A parameter's value for the tensor of that name, at position `t` of the layers; undefined where nothing sets it. */
export const valueFor = ({ entries }: ResolvedParameter, tensor: string, t: number): TypedValue | undefined => {
  for (const { filter, value } of entries) {
    if (filter === null || tensor.includes(filter)) return valueAt(value, t);
  }
  return undefined;
};

/** Whether a level holds a setting of that name that could not be read in full. */
export const isUnreadable = (name: string, spec: ParameterSpec, levels: readonly Settings[]): boolean =>
  levels.some((level) => {
    const setting = settingIn(level, name);
    return (
      setting !== undefined &&
      (setting.entries.length === 0 || setting.entries.some(({ value }) => typed(value, spec) === null))
    );
  });
