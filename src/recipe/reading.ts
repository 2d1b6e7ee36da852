import type { Fault, FaultDescription } from '../fault.js';
import { suggestion } from '../nearest.js';
import type { YamlPath, YamlSource } from '../yaml.js';

/** A document being lowered; what is wrong is collected, and what is right is used all the same. */
export type Reading = {
  readonly source: YamlSource;
  readonly faults: Fault[];
  /** How much a key that means nothing matters. */
  readonly unknownKeys: 'error' | 'warning';
};

export type Mapping = Readonly<Record<string, unknown>>;

export const isMapping = (value: unknown): value is Mapping =>
  typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date);

export const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

export const report = (
  { source, faults }: Reading,
  path: YamlPath,
  fault: FaultDescription,
  at?: 'key' | 'value',
): undefined => {
  faults.push(source.faultAt(path, fault, at));
};

export const invalid = (reading: Reading, path: YamlPath, message: string, hint?: string): undefined =>
  report(reading, path, { code: 'invalid-value', message, hint });

/** What to say of a key that is known elsewhere, or undefined. */
export type Misplaced = (key: string) => { readonly message: string; readonly hint: string } | undefined;

/** A mapping with only `known` keys; others are reported. */
export const readMapping = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  {
    what,
    known,
    misplaced,
  }: { readonly what: string; readonly known: readonly string[]; readonly misplaced?: Misplaced },
): Mapping | undefined => {
  if (!isMapping(value)) return invalid(reading, path, `expected ${what}`);
  for (const key of Object.keys(value)) {
    if (known.includes(key)) continue;
    const elsewhere = misplaced?.(key);
    const fault: FaultDescription = elsewhere
      ? { code: 'misplaced-key', ...elsewhere }
      : { code: 'unknown-key', message: `unknown key \`${key}\``, hint: suggestion(key, known) };
    report(reading, [...path, key], { severity: reading.unknownKeys, ...fault }, 'key');
  }
  return value;
};

/** A list, empty when there is none or it is something else, which is reported. */
export const readList = (reading: Reading, value: unknown, path: YamlPath, what: string): readonly unknown[] => {
  if (isAbsent(value)) return [];
  if (Array.isArray(value)) return value;
  invalid(reading, path, `expected ${what}`);
  return [];
};

/** Text, or undefined when there is none or it is something else, which is reported. */
export const readText = (reading: Reading, value: unknown, path: YamlPath, what: string): string | undefined => {
  if (isAbsent(value)) return undefined;
  return typeof value === 'string' && value !== '' ? value : invalid(reading, path, `expected ${what}`);
};
