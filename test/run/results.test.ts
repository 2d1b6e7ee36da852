import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { ModelResult } from '../../src/evaluation/scoreboard.js';
import type { TaskResult } from '../../src/protocol/messages.js';
import { openResults } from '../../src/run/results.js';
import { foreignResults } from '../../src/run/results-folder.js';
import { noPython, testPython, titled } from '../bridge/python.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
let count = 0;
const fresh = () => join(folder, `results-${count++}`);

const taskResult = (task: string, scores: number[], changes: Partial<TaskResult> = {}): TaskResult => ({
  task,
  n: scores.length,
  reused: 0,
  mean: scores.reduce((sum, score) => sum + score, 0) / scores.length,
  standardError: 0.1,
  metrics: { accuracy: 0.66666, accuracy_norm: 0.5 },
  scores,
  ids: scores.map((_, index) => `${task}-${index}`),
  predictions: scores.map((_, index) => `${index}`),
  seconds: 1,
  ...changes,
});

const awkward = [
  'plain',
  'a,b',
  'say "no"',
  'two\nlines',
  'dos\r\nlines',
  ' spaces ',
  '',
  "'=1+1",
  'ünï 質問',
  '\\n',
  '\t',
];

const rouge = { rougeLsum: 0.0625, rouge1: 0.1, rouge2: 0.1875, rougeL: 0.3 };

const modelResult = (name: string, role: ModelResult['role']): ModelResult => ({
  name,
  role,
  results: [
    taskResult('cosmos_qa', [1, 0, 1]),
    taskResult(
      'xsum',
      awkward.map(() => 0.25),
      { metrics: rouge, ids: awkward.map((text, index) => `${index},${text}`), predictions: awkward },
    ),
    taskResult('test', [], { n: 2, mean: null, metrics: {}, ids: ['a', 'b'], predictions: ['1', 'free text'] }),
  ],
});

const models = [modelResult('base', 'base'), modelResult('org/../p:1', 'parent'), modelResult('merge', 'merge')];
const tasks = (['multiple_choice', 'generation', 'by_row'] as const).map((kind, index) => ({
  name: models[0]?.results[index]?.task ?? '',
  kind,
}));

const open = (into: string, which: readonly ModelResult[] = models) =>
  openResults({ folder: into, version: '9.9.9', models: which, tasks, limit: 3, sampleSeed: null });

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));
const filesIn = (into: string) =>
  readdirSync(into, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(into.length + 1))
    .sort();

describe('the files of an evaluation', () => {
  const into = fresh();
  const results = open(into);
  results.write(models.slice(0, 1));
  const early = [json(into, 'scores.json').complete, existsSync(join(into, 'result.json'))];
  results.write(models);

  test('grow with every model', () => {
    expect(early).toEqual([false, false]);
    expect(json(into, 'scores.json')).toMatchObject({ tool: 'amalgam', version: '9.9.9', complete: true, limit: 3 });
  });

  test('are exactly those that scores.json lists, under names that cannot leave the folder', () => {
    expect(filesIn(into)).toEqual([...json(into, 'scores.json').files].sort());
    expect(filesIn(into).filter((name) => name.startsWith('predictions/org'))).toEqual([
      'predictions/org_.._p_1/cosmos_qa.jsonl',
      'predictions/org_.._p_1/test.jsonl',
      'predictions/org_.._p_1/xsum.jsonl',
    ]);
  });

  test("hold the merge's result in the kit's shape, as Python rounds it, without tasks that have no targets", () => {
    expect(json(into, 'result.json')).toEqual({
      cosmos_qa: { accuracy: 0.667 },
      xsum: { rouge1: 0.1, rouge2: 0.188, rougeL: 0.3, rougeLsum: 0.062 },
    });
    expect(Object.keys(json(into, 'result.json').xsum)).toEqual(['rouge1', 'rouge2', 'rougeL', 'rougeLsum']);
  });

  test('hold everything that is shown', () => {
    const { scoreboard } = json(into, 'scores.json');
    expect(scoreboard.rows.map(({ model }: { model: string }) => model)).toEqual(['base', 'org/../p:1', 'merge']);
    expect(scoreboard.rows[2].scores[0]).toMatchObject({ n: 3, metrics: { accuracy: 0.66666 }, delta: 0 });
  });

  test('hold every prediction with its score', () => {
    const lines = readFileSync(join(into, 'predictions/merge/xsum.jsonl'), 'utf8').trimEnd().split('\n');
    expect(lines.map((line) => JSON.parse(line))).toEqual(
      awkward.map((prediction, index) => ({ id: `${index},${prediction}`, prediction, score: 0.25 })),
    );
    const untold = readFileSync(join(into, 'predictions/merge/test.jsonl'), 'utf8');
    expect(untold).toBe('{"id":"a","prediction":"1","score":null}\n{"id":"b","prediction":"free text","score":null}\n');
  });

  test.skipIf(noPython)(titled("hold submissions that Python's csv reads back exactly", noPython), () => {
    const script =
      'import csv, json, sys; print(json.dumps(list(csv.reader(open(sys.argv[1], newline="", encoding="utf-8")))))';
    const { stdout } = spawnSync(testPython, ['-c', script, join(into, 'xsum.csv')], { encoding: 'utf8' });
    expect(JSON.parse(stdout)).toEqual([
      ['id', 'prediction', 'dummy_field'],
      ...awkward.map((text, index) => [`${index},${text}`, text, '0']),
    ]);
  });
});

describe('the results of', () => {
  test('a single model are its own', () => {
    const into = fresh();
    const [only] = models;
    open(into, only === undefined ? [] : [only]).write(models.slice(0, 1));
    expect(json(into, 'result.json').cosmos_qa).toEqual({ accuracy: 0.667 });
  });

  test('several models without a merge have no result.json and no submission', () => {
    const into = fresh();
    open(into, models.slice(0, 2)).write(models.slice(0, 2));
    expect(readdirSync(into).sort()).toEqual(['predictions', 'scores.json']);
  });
});

describe('a folder of results', () => {
  test('loses what an earlier evaluation wrote, and nothing else', () => {
    const into = fresh();
    open(into).write(models);
    writeFileSync(join(into, 'notes.txt'), 'mine');
    writeFileSync(join(into, 'predictions/base/mine.txt'), 'mine');
    open(into, models.slice(0, 2));
    expect(filesIn(into)).toEqual(['notes.txt', 'predictions/base/mine.txt', 'scores.json']);
    expect(foreignResults(into).sort()).toEqual(['notes.txt', 'predictions/base/mine.txt']);
  });

  test('with a scores.json of somebody else is refused', () => {
    const into = fresh();
    mkdirSync(into);
    writeFileSync(join(into, 'scores.json'), '{"mine": 1}');
    expect(() => open(into)).toThrow(UserError);
    expect(readFileSync(join(into, 'scores.json'), 'utf8')).toBe('{"mine": 1}');
  });

  test('whose listing points outside loses nothing there', () => {
    const into = fresh();
    mkdirSync(into);
    writeFileSync(join(folder, 'precious'), 'mine');
    writeFileSync(join(into, 'scores.json'), JSON.stringify({ tool: 'amalgam', files: ['../precious', '/etc/none'] }));
    open(into);
    expect(existsSync(join(folder, 'precious'))).toBe(true);
  });
});
