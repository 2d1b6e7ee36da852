import type { Fault } from '../fault.js';
import type { YamlPath, YamlSource } from '../yaml.js';
import type { Setting, Settings, SettingValue } from './recipe.js';

const isScalar = (value: unknown): value is number | boolean => typeof value === 'number' || typeof value === 'boolean';

/** A number written as text, as PyYAML reads `1e-5`. */
const scalarOf = (value: unknown): unknown => {
  if (typeof value !== 'string' || value.trim() === '') return value;
  const number = Number(value);
  return Number.isNaN(number) ? value : number;
};

const settingValue = (written: unknown): SettingValue | undefined => {
  const value = Array.isArray(written) ? written.map(scalarOf) : scalarOf(written);
  if (isScalar(value)) return value;
  if (!Array.isArray(value) || value.length === 0) return undefined;
  if (value.every((element) => typeof element === 'number')) return value as number[];
  if (value.every((element) => typeof element === 'boolean')) return value as boolean[];
  return undefined;
};

const isMapping = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

type Entry = Setting['entries'][number];

/** Reads a scalar, a gradient, one `{filter, value}` or a list of them. */
export const readSetting = (
  source: YamlSource,
  written: unknown,
  path: YamlPath,
  faults: Fault[],
): Setting | undefined => {
  const refuse = (message: string, at: YamlPath, hint?: string): undefined => {
    faults.push(source.faultAt(at, { code: 'invalid-value', message, hint }));
    return undefined;
  };
  const entry = (mapping: Record<string, unknown>, at: YamlPath): Entry | undefined => {
    const extra = Object.keys(mapping).find((key) => key !== 'filter' && key !== 'value');
    if (extra !== undefined) return refuse(`unknown key \`${extra}\``, [...at, extra], 'one of: filter, value');
    const { filter } = mapping;
    if (filter !== undefined && filter !== null && typeof filter !== 'string') {
      return refuse('a filter is part of a tensor name, as text', [...at, 'filter']);
    }
    const value = settingValue(mapping.value);
    if (value === undefined) return refuse('expected a number, true, false or a list of them', [...at, 'value']);
    return { filter: filter === undefined || filter === null || filter === '*' ? null : filter, value, path: at };
  };
  if (isMapping(written)) {
    const single = entry(written, path);
    return single && { entries: [single], path };
  }
  if (Array.isArray(written) && written.some(isMapping)) {
    const entries = written.map((element, index) =>
      isMapping(element)
        ? entry(element, [...path, index])
        : refuse('a list holds either plain values or `{filter, value}` entries, not both', [...path, index]),
    );
    return entries.some((one) => one === undefined) ? undefined : { entries: entries as Entry[], path };
  }
  const value = settingValue(written);
  if (value === undefined) {
    return refuse('expected a number, true, false, a list of them, or a list of `{filter, value}`', path);
  }
  return { entries: [{ filter: null, value, path }], path };
};

/** Reads a `parameters` mapping. */
export const readSettings = (source: YamlSource, written: unknown, path: YamlPath, faults: Fault[]): Settings => {
  if (written === undefined || written === null) return {};
  if (!isMapping(written)) {
    faults.push(
      source.faultAt(path, { code: 'invalid-value', message: '`parameters` is a mapping of names to values' }),
    );
    return {};
  }
  const settings: Record<string, Setting> = Object.create(null);
  for (const [name, value] of Object.entries(written)) {
    const setting = readSetting(source, value, [...path, name], faults);
    // A setting that could not be read is kept empty: it is there, so it is not missing as well.
    settings[name] = setting ?? { entries: [], path: [...path, name] };
  }
  return settings;
};
