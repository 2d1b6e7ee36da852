import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { methods } from '../../src/protocol/methods.js';
import { noTorch, titled } from '../bridge/python.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, wide: { ffn: 12 } });
const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};
const good = write('good.yml', 'merge_method: passthrough\nmodels:\n  - model: one\n');
const bad = write(
  'bad.yml',
  'merge_method: tise\nbase_model: base\nmodels:\n  - { model: one, parametres: { weight: 1 } }\n  - model: nowhere\n  - model: wide\n',
);

const run = (...args: string[]) => runCli(args, { cwd: folder });

describe('the command line', () => {
  test('without a command or a terminal prints short help and exits with 2', async () => {
    const { code, stdout } = await run();
    expect(code).toBe(2);
    expect(stdout).toContain('Usage: amalgam');
    expect(stdout).not.toContain('\u001b');
  });

  test.each([
    [['merg', 'a', 'b'], 'Did you mean merge?'],
    [['merge', 'a', 'b', '--forse'], 'Did you mean --force?'],
    [['merge', 'a'], 'the folder to make is missing'],
    [['eval', 'a'], "required option '--tasks <names>' not specified"],
    [['merge', 'a', 'b', '--threads', 'many'], 'expected a whole number of at least 1'],
    [['eval', 'a', '--tasks', 'x', '--split', 'train'], 'Allowed choices are dev, test'],
  ])('%j is wrong usage', async (args, message) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([2, expect.stringContaining(message)]);
  });

  test('help and version exit with 0', async () => {
    const [help, version] = await Promise.all([run('merge', '--help'), run('--version')]);
    expect([help.code, version.code]).toEqual([0, 0]);
    expect(help.stdout).toContain('Examples:');
    expect(version.stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });

  test('reports all faults of a recipe before Python is started', async () => {
    const { code, events, stderr } = await runCli(['merge', bad, 'out', '--json'], {
      cwd: folder,
      env: { AMALGAM_PYTHON: '/no/such/python' },
    });
    expect(code).toBe(2);
    const faults = events.flatMap((event) => (event.type === 'faults' ? event.faults : []));
    expect(faults.map(({ code: name }) => name)).toEqual([
      'unknown-method',
      'unknown-key',
      'model-not-found',
      'shape-mismatch',
    ]);
    expect(events.at(-1)).toMatchObject({ type: 'run-failed', code: 'invalid-recipe', exitCode: 2 });
    expect(stderr).toBe('');
  });

  test('shows faults with line and caret', async () => {
    const { code, stderr } = await run('plan', bad);
    expect(code).toBe(2);
    expect(stderr).toContain('bad.yml:1:15');
    expect(stderr).toContain('merge_method: tise\n  |               ^^^^');
    expect(stderr).toContain('did you mean `ties`?');
  });

  test('plans as text, as JSON and into a file', async () => {
    const [text, json] = await Promise.all([run('plan', good), run('plan', good, '--json', '-o', 'plan.json')]);
    expect([text.code, json.code]).toEqual([0, 0]);
    expect(text.stdout).toContain('passthrough');
    const { plan, faults } = JSON.parse(json.stdout);
    expect(faults).toEqual([]);
    expect(JSON.parse(readFileSync(join(folder, 'plan.json'), 'utf8'))).toEqual(plan);
  });

  test.each([
    [['plan', 'none.yml'], 5, 'recipe-not-found'],
    [['methods', 'tise'], 5, 'did you mean `ties`?'],
    [['replay', 'none.ndjson'], 5, 'recording-not-found'],
    [['eval', 'one', '--tasks', 'nothing'], 5, 'task-not-found'],
    [['eval', 'nowhere', '--tasks', 'arithmetic'], 5, 'model-not-found'],
  ])('%j exits with %i', async (args, exitCode, message) => {
    const { code, stderr } = await run(...args);
    expect([code, stderr]).toEqual([exitCode, expect.stringContaining(message)]);
  });

  test('lists the methods and explains one', async () => {
    const [all, one] = await Promise.all([run('methods'), run('methods', 'ties')]);
    expect(all.stdout.split('\n').filter(Boolean)).toHaveLength(Object.keys(methods).length);
    expect(one.stdout).toContain('density      number, default 1: share of the task vector that is kept');
  });

  test.skipIf(noTorch)(titled('the doctor computes in the Python that it chose', noTorch), async () => {
    const { stdout } = await run('doctor', '--live', '--json');
    const checks: { name: string; state: string }[] = JSON.parse(stdout).checks;
    expect(checks.find(({ name }) => name === 'cpu')).toMatchObject({ state: 'ok' });
  });

  test('names the exit codes', async () => {
    const { code, stdout } = await run('exit-codes');
    expect([code, stdout]).toEqual([0, expect.stringContaining('130  stopped by Ctrl-C')]);
  });
});
