import type { ParameterSpec } from '../protocol/method-spec.js';
import type { Scalar } from './recipe.js';

const decimal = /^[+-]?(\d[\d_]*\.?[\d_]*|\.\d[\d_]*)([eE][+-]?\d+)?$/;

/** A number written as text, such as PyYAML's reading of `1e-5`. */
const numberIn = (text: string): number => {
  const trimmed = text.trim();
  return decimal.test(trimmed) ? Number(trimmed.replaceAll('_', '')) : Number.NaN;
};

const truths: Readonly<Record<string, boolean>> = {
  ...{ true: true, yes: true, on: true, y: true, t: true, '1': true },
  ...{ false: false, no: false, off: false, n: false, f: false, '0': false },
};

const truthIn = (value: Scalar): boolean | undefined => {
  if (typeof value === 'boolean') return value;
  const word = String(value).trim().toLowerCase();
  return Object.hasOwn(truths, word) ? truths[word] : undefined;
};

const inRange = (value: number, { minimum, maximum }: ParameterSpec): number | { expected: string } => {
  const low = minimum ?? Number.NEGATIVE_INFINITY;
  const high = maximum ?? Number.POSITIVE_INFINITY;
  if (value >= low && value <= high) return value;
  if (minimum !== undefined && maximum !== undefined) return { expected: `between ${minimum} and ${maximum}` };
  return { expected: minimum === undefined ? `at most ${maximum}` : `at least ${minimum}` };
};

const choiceIn = (value: Scalar, { choices = [], flags }: ParameterSpec): string | { expected: string } => {
  if (choices.includes(String(value))) return String(value);
  const truth = flags && truthIn(value);
  return truth === undefined || flags === undefined
    ? { expected: `one of: ${choices.join(', ')}` }
    : flags[truth ? 'true' : 'false'];
};

/**
 * A scalar as the parameter's type, or what was expected instead. Texts and truth values are taken for the numbers
 * that mergekit takes them for, and the other way round.
 */
export const coerce = (value: Scalar, spec: ParameterSpec): number | boolean | string | { expected: string } => {
  if (spec.type === 'boolean') return truthIn(value) ?? { expected: 'true or false' };
  if (spec.type === 'choice') return choiceIn(value, spec);
  const number = typeof value === 'string' ? numberIn(value) : Number(value);
  if (!Number.isFinite(number)) return { expected: spec.type === 'integer' ? 'a whole number' : 'a number' };
  if (spec.type === 'integer' && !Number.isInteger(number)) return { expected: 'a whole number' };
  return inRange(number, spec);
};
