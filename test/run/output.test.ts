import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { UserError } from '../../src/errors.js';
import type { Plan } from '../../src/protocol/plan.js';
import { evaluationName, stageOutput } from '../../src/run/output.js';
import { openResults } from '../../src/run/results.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
let count = 0;
const fresh = () => join(folder, `out-${count++}`);

const plan: Plan = {
  version: 1,
  hash: 'abc',
  method: 'linear',
  seed: 0,
  models: [],
  files: [],
  operations: [],
  rowMaps: [],
  shards: [],
  steps: [],
  adapterSteps: [],
  sideFiles: [
    { name: 'README.md', source: null, text: '# card' },
    { name: 'config.json', source: null, text: '{}' },
  ],
  estimate: { bytesRead: 0, bytesWritten: 10, peakMemory: 0, seconds: 0 },
};

const stage = (output: string, force = false, changes: Partial<Plan> = {}) =>
  stageOutput({ output, plan: { ...plan, ...changes }, force, version: '9.9.9' });

const codeOf = (work: () => unknown): string | undefined => {
  try {
    work();
    return undefined;
  } catch (error) {
    return error instanceof UserError ? `${error.code} ${error.exitCode}` : String(error);
  }
};

const publish = (output: string) => {
  const staging = stage(output);
  writeFileSync(join(staging.directory, 'model.safetensors'), 'weights');
  staging.publish();
};

const scored = (output: string) =>
  openResults({
    folder: join(output, evaluationName),
    version: '9.9.9',
    models: [{ name: 'org/merge', role: 'merge' }],
    tasks: [{ name: 'task', kind: 'generation' }],
    limit: null,
    sampleSeed: null,
  }).write([{ name: 'org/merge', role: 'merge', results: [] }]);

describe('an output with scores', () => {
  test('is replaced with them when that is asked for', () => {
    const output = fresh();
    publish(output);
    scored(output);
    const staging = stage(output, true);
    staging.publish();
    expect(existsSync(join(output, evaluationName))).toBe(false);
  });

  test('is not replaced when something else lies beside them', () => {
    const output = fresh();
    publish(output);
    scored(output);
    mkdirSync(join(output, evaluationName, 'predictions'));
    writeFileSync(join(output, evaluationName, 'predictions/mine.txt'), 'mine');
    expect(codeOf(() => stage(output, true))).toBe('output-not-empty 2');
  });
});

describe('an output', () => {
  test('appears whole, with nothing of the staging left', () => {
    const output = fresh();
    const staging = stage(output);
    expect(existsSync(output)).toBe(false);
    expect(JSON.parse(readFileSync(staging.planPath, 'utf8'))).toEqual(plan);
    writeFileSync(join(staging.directory, 'model.safetensors'), 'weights');
    staging.publish();
    expect(readdirSync(output).sort()).toEqual(['README.md', 'amalgam.json', 'config.json', 'model.safetensors']);
    expect(existsSync(staging.directory)).toBe(false);
    expect(JSON.parse(readFileSync(join(output, 'amalgam.json'), 'utf8'))).toEqual({
      tool: 'amalgam',
      version: '9.9.9',
      plan: 'abc',
      files: { 'README.md': 6, 'config.json': 2, 'model.safetensors': 7 },
    });
  });

  test('that holds an earlier merge is replaced only by force', () => {
    const output = fresh();
    publish(output);
    expect(codeOf(() => stage(output))).toBe('output-not-empty 2');
    const again = stage(output, true, { sideFiles: [] });
    again.publish();
    expect(readdirSync(output)).toEqual(['amalgam.json']);
  });

  test('that holds a foreign file is never replaced', () => {
    const output = fresh();
    publish(output);
    writeFileSync(join(output, 'thesis.txt'), 'mine');
    expect(codeOf(() => stage(output, true))).toBe('output-not-empty 2');
    expect(readFileSync(join(output, 'thesis.txt'), 'utf8')).toBe('mine');
  });

  test('that is a file is refused', () => {
    const output = fresh();
    writeFileSync(output, '');
    expect(codeOf(() => stage(output, true))).toBe('output-not-folder 2');
  });

  test('that is empty is taken', () => {
    const output = fresh();
    mkdirSync(output);
    publish(output);
    expect(existsSync(join(output, 'config.json'))).toBe(true);
  });
});

describe('a staging folder', () => {
  test('of a living run is refused, of a dead one cleared', () => {
    const output = fresh();
    const first = stage(output);
    expect(codeOf(() => stage(output))).toBe('output-locked 11');
    const lock = join(first.directory, 'amalgam.lock');
    // Process numbers end at 2^22: this one cannot exist.
    writeFileSync(lock, readFileSync(lock, 'utf8').replace(/"pid":\d+/, '"pid":4999999'));
    expect(codeOf(() => stage(output))).toBeUndefined();
  });

  test('that amalgam did not make is left alone', () => {
    const output = fresh();
    mkdirSync(`${output}.partial`);
    writeFileSync(join(`${output}.partial`, 'notes.txt'), 'mine');
    expect(codeOf(() => stage(output))).toBe('staging-foreign 1');
    expect(existsSync(join(`${output}.partial`, 'notes.txt'))).toBe(true);
  });

  test('is removed when a run gives up', () => {
    const output = fresh();
    const staging = stage(output);
    staging.discard();
    expect([existsSync(output), existsSync(staging.directory)]).toEqual([false, false]);
  });

  test('is not opened on a disk that is too full', () => {
    const output = fresh();
    const estimate = { ...plan.estimate, bytesWritten: 2 ** 52 };
    expect(codeOf(() => stage(output, false, { estimate }))).toBe('no-space 8');
    expect(existsSync(`${output}.partial`)).toBe(false);
  });
});

describe('an output with folders', () => {
  const inFolders = {
    sideFiles: [
      { name: '1_Pooling/config.json', source: null, text: '{}' },
      { name: 'config.json', source: null, text: '{}' },
    ],
  };
  const make = (output: string, force = false) => stage(output, force, inFolders).publish();

  test('lists their files, and is replaced as a whole', () => {
    const output = fresh();
    make(output);
    expect(readFileSync(join(output, '1_Pooling/config.json'), 'utf8')).toBe('{}');
    expect(Object.keys(JSON.parse(readFileSync(join(output, 'amalgam.json'), 'utf8')).files)).toEqual([
      '1_Pooling/config.json',
      'config.json',
    ]);
    expect(codeOf(() => make(output))).toBe('output-not-empty 2');
    make(output, true);
    expect(readdirSync(output).sort()).toEqual(['1_Pooling', 'amalgam.json', 'config.json']);
  });

  test.each(['1_Pooling/mine.txt', 'mine/notes.txt', '1_Pooling/deeper/notes.txt'])(
    'is not replaced where it holds %s',
    (name) => {
      const output = fresh();
      make(output);
      mkdirSync(dirname(join(output, name)), { recursive: true });
      writeFileSync(join(output, name), 'mine');
      expect(codeOf(() => make(output, true))).toBe('output-not-empty 2');
      expect(readFileSync(join(output, name), 'utf8')).toBe('mine');
    },
  );

  test('is not replaced where it holds an empty folder of somebody else', () => {
    const output = fresh();
    make(output);
    mkdirSync(join(output, 'mine'));
    expect(codeOf(() => make(output, true))).toBe('output-not-empty 2');
  });
});
