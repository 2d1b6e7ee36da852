import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../bridge/python.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { childrenOf, type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { tinyLlamaTensors, writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
const zoo = join(root, 'zoo/decoder');
const output = (name: string) => join(folder, name);

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const models = (...names: string[]) => `models:\n${names.map((name) => `  - model: ${name}\n`).join('')}`;
const tuned = models(`${zoo}/arithmetic`, `${zoo}/summary`);
const adapters = models(`${zoo}/base+${zoo}/arithmetic-lora-r16`, `${zoo}/base+${zoo}/summary-lora-r8`);
const linear = write('linear.yml', `${tuned}merge_method: linear\nparameters: { weight: 1 }\n`);
const ranked = write(
  'ranked.yml',
  `${tuned}merge_method: ties\nbase_model: ${zoo}/base\nparameters: { weight: 1, density: 0.3, trim_scope: model }\n`,
);
const adapter = write('adapter.yml', `${adapters}merge_method: linear\nparameters: { weight: 1 }\n`);

const merge = (recipe: string, name: string, ...flags: string[]) =>
  runCli(['merge', recipe, output(name), '--json', ...flags]);

const failureOf = ({ events }: Finished) => events.find((event) => event.type === 'run-failed');
const outcome = (finished: Finished) => [finished.code, failureOf(finished)?.code];
const leftovers = (name: string) => readdirSync(folder).filter((file) => file.startsWith(name));
const isRunning = (worker: number) => existsSync(`/proc/${worker}/cmdline`);

/** Every file of a folder with its bytes. */
const contents = (directory: string): [string, string][] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'base64')])
    .sort();

describe.skipIf(noTorch)(titled('a merge on several devices', noTorch), () => {
  test.each([
    ['linear', linear, 'cpu,cpu', []],
    ['ranked', ranked, 'cpu,cpu,cpu', []],
    ['adapter', adapter, 'cpu,cpu', ['--adapter-mode', 'concat', '--adapter-output', 'adapter']],
  ])(
    'is the same as on one: %s',
    async (name, recipe, devices, flags) => {
      const [one, several] = [`one ${name}`, `several ${name}`];
      expect(outcome(await merge(recipe, one, '--device', 'cpu', ...flags))).toEqual([0, undefined]);
      const finished = await merge(recipe, several, '--device', devices, ...flags);
      expect(outcome(finished)).toEqual([0, undefined]);
      expect(contents(output(several))).toEqual(contents(output(one)));

      const { events } = finished;
      const count = (type: string) => events.filter((event) => event.type === type).length;
      expect([count('merge-started'), count('merge-finished'), count('published')]).toEqual([1, 1, 1]);
      expect(events).toContainEqual(
        expect.objectContaining({ type: 'log', message: expect.stringContaining(' workers merge: cpu, cpu') }),
      );
      const done = events.flatMap((event) => (event.type === 'merge-progress' ? [event.bytesDone] : []));
      expect(done).toEqual([...done].sort((before, after) => before - after));
      const total = events.flatMap((event) => (event.type === 'merge-started' ? [event.bytesTotal] : []));
      expect(done.at(-1)).toBe(total[0]);
    },
    120_000,
  );

  test('is the same where it is a part of a merge', async () => {
    for (const which of ['1/2', '2/2']) {
      expect(outcome(await merge(linear, 'parts', '--part', which, '--device', 'cpu,cpu'))).toEqual([0, undefined]);
    }
    expect((await runCli(['finish', output('parts'), '--verify', '--json'])).code).toBe(0);
    expect(outcome(await merge(linear, 'whole', '--device', 'cpu'))).toEqual([0, undefined]);
    expect(contents(output('parts'))).toEqual(contents(output('whole')));
  }, 120_000);

  test('fails as one: the error of one worker stops all, and nothing is published', async () => {
    writeTinyLlamas(folder, { good: {} });
    const tensors = tinyLlamaTensors({}, (tensor) => (tensor === 13 ? Number.NaN : 1));
    writeCheckpoint(join(folder, 'bad'), { tensors });
    const recipe = write(
      'bad.yml',
      `${models(join(folder, 'good'), join(folder, 'bad'))}merge_method: linear\nparameters: { weight: 1 }\n`,
    );
    const finished = await merge(recipe, 'failed', '--device', 'cpu,cpu');
    expect(outcome(finished)).toEqual([7, 'non-finite']);
    expect(failureOf(finished)?.message).toContain('model.norm.weight');
    expect(leftovers('failed')).toEqual([]);
  }, 60_000);

  test.each([
    ['cuda:17,cuda:18', 1, 'there is no device cuda:17', 'devices here: cpu'],
    ['cuda:0,cpu', 2, null, null],
    ['cpu,tpu', 2, null, null],
    ['cpu,auto', 2, null, null],
  ])(
    'refuses %s',
    async (devices, code, message, hint) => {
      const finished = await merge(linear, 'refused', '--device', devices);
      expect(finished.code).toBe(code);
      if (message !== null)
        expect(failureOf(finished)).toMatchObject({ message, hint: expect.stringContaining(hint ?? '') });
      expect(leftovers('refused')).toEqual([]);
    },
    60_000,
  );
});

describe.skipIf(noTorch)(titled('a merge on several devices that is interrupted', noTorch), () => {
  const recipe = join(folder, 'ties.yml');

  beforeAll(() => {
    const script = `import { makeCheckpoints } from ${JSON.stringify(pathToFileURL(join(root, 'scripts/bench/synthetic.mjs')).href)};
      makeCheckpoints(${JSON.stringify(folder)}, '110M', 2);`;
    const made = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    const model = (name: string) =>
      `  - model: ${join(folder, '110M', name)}\n    parameters: { weight: 1, density: 0.5 }\n`;
    write(
      'ties.yml',
      `models:\n${model('tune-1')}${model('tune-2')}merge_method: ties\nbase_model: ${join(folder, '110M/base')}\n`,
    );
  });

  /** Interferes once, when the share is done: beyond a half the second worker has begun as well. */
  const mergeAnd = async (share: number, interfere: (pid: number, workers: number[]) => void) => {
    let total = 0;
    let workers: number[] = [];
    const finished = await runCli(
      ['merge', recipe, output('stopped'), '--json', '--device', 'cpu,cpu', '--threads', '2'],
      {
        // Slow enough to be in the middle for a while.
        env: { AMALGAM_COMPILED_KERNELS: 'off' },
        onEvent: (event, { pid }) => {
          if (event.type === 'merge-started') total = event.bytesTotal;
          if (workers.length > 0 || event.type !== 'merge-progress' || event.bytesDone <= share * total) return;
          if (pid === undefined) return;
          workers = childrenOf(pid);
          interfere(pid, workers);
        },
      },
    );
    expect(workers.length).toBeGreaterThan(0);
    expect(workers.filter(isRunning)).toEqual([]);
    expect(leftovers('stopped')).toEqual([]);
    return finished;
  };

  test.each([
    ['the first', 0, 0],
    ['the last', 0.55, -1],
  ])(
    'by the death of %s worker says so and publishes nothing',
    async (_, share, which) => {
      const finished = await mergeAnd(share, (_pid, workers) => process.kill(workers.at(which) ?? 0, 'SIGKILL'));
      expect(outcome(finished)).toEqual([1, 'worker-died']);
      expect(failureOf(finished)?.message).toContain('SIGKILL');
    },
    60_000,
  );

  test.each([
    ['SIGINT', 130, 0],
    ['SIGTERM', 143, 0.55],
  ] as const)(
    'by %s stops all workers with exit code %i',
    async (signal, code, share) => {
      const finished = await mergeAnd(share, (pid) => process.kill(pid, signal));
      expect(outcome(finished)).toEqual([code, 'cancelled']);
    },
    60_000,
  );
});
