import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readTask } from '../../src/evaluation/task.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
for (const name of ['dev.csv', 'test.jsonl', 'odd.txt']) writeFileSync(join(folder, name), '');
mkdirSync(join(folder, 'folder.csv'));

let count = 0;
const write = (text: string): string => {
  const file = join(folder, `task-${count++}.yaml`);
  writeFileSync(file, text);
  return file;
};
const options = { cwd: folder, shipped: folder, split: 'test' } as const;
const read = (text: string, split: 'dev' | 'test' = 'test') => readTask(write(text), { ...options, split });

/** Each fault as `line:column code message`. */
const faultsOf = (text: string) =>
  read(text).faults.map(({ line, column, code, message, hint }) => `${line}:${column} ${code} ${message} (${hint})`);

const files = 'name: t\nkind: multiple_choice\ndata: { dev: dev.csv, test: test.jsonl }\n';

describe('a task file', () => {
  test('reads CSV and JSONL by their ending, and leaves lengths to the model', () => {
    const data = { subset: null, split: null, revision: null, columns: {} };
    expect(read(files)).toEqual({
      faults: [],
      task: {
        name: 't',
        kind: 'multiple_choice',
        data: { ...data, format: 'jsonl', source: join(folder, 'test.jsonl') },
        harness: null,
        maxSequenceLength: null,
        maxGenerationLength: null,
        choicePrefix: 'none',
      },
    });
    expect(read(files, 'dev').task?.data).toEqual({ ...data, format: 'csv', source: join(folder, 'dev.csv') });
  });

  test('takes data from the Hub, with names of splits and columns', () => {
    const hub = 'id: org/set\n    subset: en\n    revision: abc\n    splits: { dev: validation, test: test }\n';
    const text = `name: t\nkind: by_row\ndata:\n  hub:\n    ${hub}    columns: { input: question }\nmax_sequence_length: 9\nmax_generation_length: 8\nchoice_prefix: bos\n`;
    expect(read(text, 'dev').task).toEqual({
      name: 't',
      kind: 'by_row',
      data: {
        format: 'datasets',
        source: 'org/set',
        subset: 'en',
        split: 'validation',
        revision: 'abc',
        columns: { input: 'question' },
      },
      harness: null,
      maxSequenceLength: 9,
      maxGenerationLength: 8,
      choicePrefix: 'bos',
    });
  });

  test.each([
    [
      'name: t\nkind: multiple_choice\ndata: { tset: a.csv }\n',
      '3:9 unknown-key unknown key `tset` (did you mean `test`?)',
    ],
    [files.replace('kind', 'knid'), '2:1 unknown-key unknown key `knid` (did you mean `kind`?)'],
    ['name: t\nkind: multiple_choice\ndata: { dev: dev.csv }\n', '3:1 split-missing no `test` data (one of: dev)'],
    [
      'name: t\nkind: multiple_choice\ndata: { test: odd.txt }\n',
      '3:15 invalid-value the format of odd.txt is not known (name it .csv or .jsonl)',
    ],
    [
      'name: t\nkind: multiple_choice\ndata: { test: folder.csv }\n',
      `3:15 data-not-found there is no file ${join(folder, 'folder.csv')} (null)`,
    ],
    [
      'name: t\nkind: by_row\ndata: { test: a.csv, hub: { id: a, splits: { test: b } } }\n',
      '3:15 invalid-value `data.test` stands beside `data.hub` (keep one of them)',
    ],
    [
      'name: t\nkind: by_row\ndata: { hub: { id: a, splits: { dev: b } } }\n',
      '3:23 split-missing no `test` data (one of: dev)',
    ],
    [
      files.replace('multiple_choice', 'generation'),
      '2:7 invalid-value a generation task needs `max_generation_length` (null)',
    ],
    [`${files}metric: rouge\n`, '4:9 invalid-value a multiple_choice task is scored by `accuracy` (null)'],
  ])('says what is wrong, and where: %j', (text, fault) => {
    expect(faultsOf(text)).toContain(fault);
    expect(read(text).task).toBeNull();
  });
});

describe('a task of lm-evaluation-harness', () => {
  test('is named after its prefix', () => {
    expect(readTask('lm_eval:arc_easy', { ...options, fewShot: 5 }).task).toMatchObject({
      name: 'arc_easy',
      kind: 'harness',
      data: null,
      harness: { task: 'arc_easy', includePath: null, fewShot: 5 },
    });
  });

  test('is named by its file, whatever else that holds', () => {
    const file = write('include: other\ntask: "own_task" # mine\ndoc_to_text: !function utils.text\n');
    expect(readTask(`lm_eval:${file}`, options).task?.harness).toEqual({
      task: 'own_task',
      includePath: folder,
      fewShot: null,
    });
  });

  test('needs a name', () => {
    const file = write('tasks: x\n');
    expect(readTask(`lm_eval:${file}`, options).faults).toMatchObject([{ code: 'invalid-value', file }]);
    expect(readTask('lm_eval:', options).faults).toHaveLength(1);
    expect(() => readTask('lm_eval:none.yaml', options)).toThrow('there is no task file');
  });
});
