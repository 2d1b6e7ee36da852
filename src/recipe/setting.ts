import type { YamlPath } from '../yaml.js';
import { invalid, isAbsent, isMapping, type Mapping, type Reading, report } from './reading.js';
import type { Scalar, Setting, SettingEntry, Settings, SettingValue } from './recipe.js';

const isScalar = (value: unknown): value is Scalar =>
  typeof value === 'number' || typeof value === 'boolean' || (typeof value === 'string' && value !== '');

const settingValue = (value: unknown): SettingValue | undefined => {
  if (isScalar(value)) return value;
  return Array.isArray(value) && value.length > 0 && value.every(isScalar) ? value : undefined;
};

const isEmpty = (value: unknown): boolean => Array.isArray(value) && value.length === 0;

const readEntry = (reading: Reading, mapping: Mapping, path: YamlPath): SettingEntry | undefined => {
  const extra = Object.keys(mapping).find((key) => key !== 'filter' && key !== 'value');
  if (extra !== undefined) {
    const fault = { code: 'unknown-key', message: `unknown key \`${extra}\``, hint: 'one of: filter, value' };
    report(reading, [...path, extra], { severity: reading.unknownKeys, ...fault }, 'key');
  }
  const { filter } = mapping;
  if (!isAbsent(filter) && typeof filter !== 'string') {
    return invalid(reading, [...path, 'filter'], 'a filter is part of a tensor name, as text');
  }
  const value = settingValue(mapping.value);
  if (value === undefined) {
    return invalid(reading, [...path, 'value'], 'expected a number, true, false or a list of them');
  }
  return { filter: isAbsent(filter) || filter === '*' ? null : filter, value, path };
};

const readEntries = (reading: Reading, written: readonly unknown[], path: YamlPath): SettingEntry[] => {
  const mixed = 'a list holds either plain values or `{filter, value}` entries, not both';
  const entries = written.map((element, index) =>
    isMapping(element) ? readEntry(reading, element, [...path, index]) : invalid(reading, [...path, index], mixed),
  );
  return entries.flatMap((entry) => entry ?? []);
};

/** Reads a scalar, a gradient, one `{filter, value}` or a list of them. */
export const readSetting = (reading: Reading, written: unknown, path: YamlPath): Setting => {
  if (isMapping(written)) {
    const entry = readEntry(reading, written, path);
    return { entries: entry === undefined ? [] : [entry], path };
  }
  if (Array.isArray(written) && written.some(isMapping)) return { entries: readEntries(reading, written, path), path };
  const value = settingValue(written);
  if (value !== undefined) return { entries: [{ filter: null, value, path }], path };
  invalid(reading, path, 'expected a number, true, false, a list of them, or a list of `{filter, value}`');
  return { entries: [], path };
};

/** Reads a `parameters` mapping. */
export const readSettings = (reading: Reading, written: unknown, path: YamlPath): Settings => {
  if (isAbsent(written)) return {};
  if (!isMapping(written)) {
    invalid(reading, path, '`parameters` is a mapping of names to values');
    return {};
  }
  const settings: Record<string, Setting> = Object.create(null);
  for (const [name, value] of Object.entries(written)) {
    if (isEmpty(value)) {
      const message = `\`${name}\` is an empty list, which sets nothing`;
      report(reading, [...path, name], { severity: 'warning', code: 'empty-setting', message });
    } else settings[name] = readSetting(reading, value, [...path, name]);
  }
  return settings;
};
