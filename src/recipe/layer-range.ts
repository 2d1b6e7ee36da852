import type { YamlPath } from '../yaml.js';
import { invalid, isAbsent, type Reading, report } from './reading.js';
import type { LayerRange } from './recipe.js';

/** A whole number, perhaps written as text or as `4.0`. */
const wholeNumber = (value: unknown): number | undefined => {
  const number = typeof value === 'string' && /^\s*[+-]?\d+(\.0*)?\s*$/.test(value) ? Number(value) : value;
  return Number.isSafeInteger(number) ? (number as number) : undefined;
};

/** Reads `layer_range: [start, end]`; null means all layers, undefined that it cannot be read. */
export const readLayerRange = (reading: Reading, value: unknown, path: YamlPath): LayerRange | null | undefined => {
  if (isAbsent(value)) return null;
  const [start, end] = Array.isArray(value) ? value.map(wholeNumber) : [];
  if (!Array.isArray(value) || value.length !== 2 || start === undefined || end === undefined) {
    return invalid(reading, path, 'expected `[first, end]`: two whole numbers, the end not included');
  }
  const written = `[${start}, ${end}]`;
  if (start < 0 || end < 0) {
    const hint = 'layers count from 0, and the end is not included: `[0, 32]` is all of 32 layers';
    return report(reading, path, { code: 'layer-range-negative', message: `${written} has a negative layer`, hint });
  }
  if (start >= end) {
    const message = start === end ? `${written} has no layers: the end is not included` : `${written} runs backwards`;
    const hint = start === end ? undefined : `\`[${end}, ${start}]\`?`;
    return report(reading, path, { code: 'layer-range-empty', message, hint });
  }
  return { start, end, path };
};
