import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { wireTypes } from '../../src/protocol/wire-types.js';

/** Read by the Python tests too: both sides must agree on every file. */
const corpus = fileURLToPath(new URL('../fixtures/protocol', import.meta.url));
const names = Object.keys(wireTypes) as (keyof typeof wireTypes)[];

const read = (type: string, file: string): unknown => JSON.parse(readFileSync(`${corpus}/${type}/${file}`, 'utf8'));

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

it('has a folder for every wire type and for nothing else', () => {
  expect(readdirSync(corpus).sort()).toEqual([...names].sort());
});

describe.each(names)('%s', (name) => {
  const schema = wireTypes[name];
  const files = readdirSync(`${corpus}/${name}`).sort();
  const valid = files.filter((file) => file.startsWith('valid-'));
  const invalid = files.filter((file) => file.startsWith('invalid-'));

  it('has examples of both kinds and no other files', () => {
    expect(valid.length).toBeGreaterThan(0);
    expect(invalid.length).toBeGreaterThan(0);
    expect([...invalid, ...valid]).toEqual(files);
  });

  it.each(valid)('reads %s and writes the same JSON', (file) => {
    const value = read(name, file);
    expect(JSON.parse(JSON.stringify(schema.parse(value)))).toEqual(value);
  });

  it.each(invalid)('refuses %s', (file) => {
    expect(schema.safeParse(read(name, file)).success).toBe(false);
  });

  it.each(valid)('refuses %s with a field missing or one too many', (file) => {
    const value = read(name, file);
    if (!isObject(value)) return;
    expect(schema.safeParse({ ...value, surplus: null }).success).toBe(false);
    for (const field of Object.keys(value)) {
      const { [field]: _missing, ...rest } = value;
      expect(schema.safeParse(rest).success, field).toBe(false);
    }
  });
});
