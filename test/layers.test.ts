import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const source = fileURLToPath(new URL('../src', import.meta.url));

/** A folder or file at the top of src may import only what stands on an earlier line; siblings of a line never each other. */
const order: readonly (readonly string[])[] = [
  ['errors', 'format', 'nearest'],
  ['fault'],
  ['yaml'],
  ['protocol'],
  ['events'],
  ['hub'],
  ['tokenizer'],
  ['recipe'],
  ['plan'],
  ['runtime'],
  ['bridge'],
  ['evaluation'],
  ['run'],
  ['report'],
  ['tui'],
  ['cli'],
  ['main', 'index'],
];

/** The one door of each outside package. */
const doors: Readonly<Record<string, readonly string[]>> = {
  '@huggingface/hub': ['hub'],
  commander: ['cli', 'main'],
  execa: ['runtime', 'bridge'],
  ink: ['tui'],
  pythonia: ['bridge'],
  react: ['tui'],
  'string-width': ['report'],
  'vscode-jsonrpc': ['bridge'],
  yaml: ['yaml'],
  zod: [
    'yaml',
    'fault',
    'protocol',
    'events',
    'recipe',
    'tokenizer',
    'evaluation',
    'hub',
    'runtime',
    'run',
    'report',
    'cli',
  ],
};

const files = readdirSync(source, { recursive: true, encoding: 'utf8' }).filter((name) => /\.tsx?$/.test(name));

const unitOf = (file: string): string => (file.split('/')[0] ?? '').replace(/\.tsx?$/, '');

const importsOf = (file: string): string[] =>
  [...readFileSync(join(source, file), 'utf8').matchAll(/(?:from|import\(|^import|require\()\s*'([^'\n]+)'/gm)].flatMap(
    ([, name]) => name ?? [],
  );

const rankOf = (unit: string): number => order.findIndex((line) => line.includes(unit));

describe('every file of src', () => {
  test('belongs to a known folder', () => {
    expect([...new Set(files.map(unitOf))].filter((unit) => rankOf(unit) < 0)).toEqual([]);
  });

  test('imports only from folders before its own', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => name.startsWith('.'))
        .map((name) => unitOf(relative('.', normalize(join(dirname(file), name)).replace(/\.js$/, ''))))
        .filter((unit) => unit !== unitOf(file) && rankOf(unit) >= rankOf(unitOf(file)))
        .map((unit) => `${file} imports ${unit}`),
    );
    expect(wrong).toEqual([]);
  });

  test('imports outside packages only through their door', () => {
    const wrong = files.flatMap((file) =>
      importsOf(file)
        .filter((name) => !name.startsWith('.') && !name.startsWith('node:'))
        .map((name) =>
          name
            .split('/')
            .slice(0, name.startsWith('@') ? 2 : 1)
            .join('/'),
        )
        .filter((name) => !doors[name]?.includes(unitOf(file)))
        .map((name) => `${file} imports ${name}`),
    );
    expect(wrong).toEqual([]);
  });

  test('has one idea: under 300 lines', () => {
    const long = files.filter((file) => readFileSync(join(source, file), 'utf8').split('\n').length > 300);
    expect(long).toEqual([]);
  });
});
