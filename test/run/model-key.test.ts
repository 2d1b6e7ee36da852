import { cpSync, mkdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { keyOfFiles } from '../../src/run/model-key.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const files = { 'config.json': '{}', 'model.safetensors': 'weights', 'tokenizer.json': '{}' };

let count = 0;
const model = (): string => {
  const path = join(folder, `model-${count++}`);
  mkdirSync(path);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return path;
};

describe("the key of a model's files", () => {
  const path = model();
  const key = keyOfFiles(path, null);

  test('is the same as long as they are', () => {
    expect(keyOfFiles(path, null)).toBe(key);
    writeFileSync(join(path, 'README.md'), 'words');
    mkdirSync(join(path, 'evaluation'));
    expect(keyOfFiles(path, null)).toBe(key);
  });

  test.each(Object.keys(files))('is another when %s is', (name) => {
    const changed = model();
    const before = keyOfFiles(changed, null);
    writeFileSync(join(changed, name), 'others!');
    expect(keyOfFiles(changed, null)).not.toBe(before);
  });

  test('is another when a file of the same size and time takes its place', () => {
    const changed = model();
    const file = join(changed, 'model.safetensors');
    const time = new Date(1e12);
    utimesSync(file, time, time);
    const before = keyOfFiles(changed, null);
    writeFileSync(`${file}.new`, 'WEIGHTS');
    utimesSync(`${file}.new`, time, time);
    renameSync(`${file}.new`, file);
    expect(keyOfFiles(changed, null)).not.toBe(before);
  });

  test('is another for a copy that has the same times, as unpacked archives do', () => {
    const copied = join(folder, 'copy');
    cpSync(path, copied, { recursive: true, preserveTimestamps: true });
    expect(keyOfFiles(copied, null)).not.toBe(key);
  });

  test('is another with an adapter, and with another one', () => {
    const [one, two] = [model(), model()];
    expect(new Set([key, keyOfFiles(path, one), keyOfFiles(path, two)]).size).toBe(3);
  });
});
