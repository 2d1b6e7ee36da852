import { openSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { noTorch, titled } from '../bridge/python.js';
import { type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const zoo = join(root, 'zoo/decoder');
const output = (name: string) => join(folder, name);
const staging = (name: string) => `${output(name)}.partial`;
const shard = (name: string) => join(staging(name), 'model.safetensors');

const write = (name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return join(folder, name);
};
const models = (...names: string[]) => `models:\n${names.map((name) => `  - model: ${name}\n`).join('')}`;
const linear = write(
  'linear.yml',
  `${models(`${zoo}/arithmetic`, `${zoo}/summary`)}merge_method: linear\nparameters: { weight: 1 }\n`,
);
const other = write(
  'other.yml',
  `${models(`${zoo}/arithmetic`, `${zoo}/summary`)}merge_method: linear\nparameters: { weight: 2, normalize: false }\n`,
);
const ranked = write(
  'ranked.yml',
  `${models(`${zoo}/arithmetic`, `${zoo}/summary`)}merge_method: ties\nbase_model: ${zoo}/base\nparameters: { weight: 1, density: 0.3, trim_scope: model }\n`,
);
const adapter = write(
  'adapter.yml',
  `${models(`${zoo}/base+${zoo}/arithmetic-lora-r16`, `${zoo}/base+${zoo}/summary-lora-r8`)}merge_method: linear\nparameters: { weight: 1 }\n`,
);

const merge = (recipe: string, name: string, ...flags: string[]) =>
  runCli(['merge', recipe, output(name), '--json', ...flags]);
const part = (recipe: string, name: string, which: string, ...flags: string[]) =>
  merge(recipe, name, '--part', which, ...flags);
const finish = (name: string, ...flags: string[]) => runCli(['finish', output(name), '--json', ...flags]);

const failureOf = ({ events }: Finished) => events.find((event) => event.type === 'run-failed');
const outcome = (finished: Finished) => [finished.code, failureOf(finished)?.code];

/** Every file of a folder with its bytes. */
const contents = (directory: string): [string, string][] =>
  readdirSync(directory, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry): [string, string] => [entry.name, readFileSync(join(entry.parentPath, entry.name), 'base64')])
    .sort();

/** Ends a part from outside when it has got so far. */
const partEndedAt = (type: RunEvent['type'], signal: NodeJS.Signals, name: string, which: string) => {
  let isDone = false;
  return runCli(['merge', linear, output(name), '--json', '--part', which], {
    onEvent: (event, child) => {
      if (isDone || event.type !== type) return;
      isDone = true;
      child.kill(signal);
    },
  });
};

describe.skipIf(noTorch)(titled('a merge in parts', noTorch), () => {
  beforeAll(async () => {
    expect((await merge(linear, 'single')).code).toBe(0);
  }, 60_000);

  test('is the merge in one run: some at once, one killed and run again', async () => {
    const [third, first] = await Promise.all([part(linear, 'out', '3/3'), part(linear, 'out', '1/3')]);
    expect([outcome(third), outcome(first)]).toEqual([
      [0, undefined],
      [0, undefined],
    ]);
    expect((await partEndedAt('merge-started', 'SIGKILL', 'out', '2/3')).signal).toBe('SIGKILL');
    const early = await finish('out');
    expect(outcome(early)).toEqual([3, 'parts-missing']);
    expect(failureOf(early)?.message).toContain('of 3 parts, these are not complete: 2;');
    expect(readdirSync(folder)).not.toContain('out');

    expect(outcome(await part(linear, 'out', '2/3'))).toEqual([0, undefined]);
    const again = await part(linear, 'out', '1/3');
    expect([again.code, again.events.some(({ type }) => type === 'worker-starting')]).toEqual([0, false]);
    const finished = await runCli(['finish', output('out'), '--verify', '--quiet']);
    expect([finished.code, finished.stdout]).toEqual([0, `${output('out')}\n`]);
    expect(contents(output('out'))).toEqual(contents(output('single')));
    expect(readdirSync(folder)).not.toContain('out.partial');
    expect((await finish('out')).code).toBe(0);
    expect(outcome(await part(linear, 'out', '1/3'))).toEqual([2, 'output-not-empty']);
  }, 120_000);

  test.each([
    ['ranked over whole models', ranked, []],
    ['that makes an adapter', adapter, ['--adapter-mode', 'concat', '--adapter-output', 'adapter']],
  ])(
    '%s is the same as well',
    async (name, recipe, flags) => {
      const [whole, parts] = [`whole ${name}`, `parts ${name}`];
      for (const finished of [
        await merge(recipe, whole, ...flags),
        await part(recipe, parts, '2/2', ...flags),
        await part(recipe, parts, '1/2', ...flags),
        await finish(parts),
      ]) {
        expect(outcome(finished)).toEqual([0, undefined]);
      }
      expect(contents(output(parts))).toEqual(contents(output(whole)));
    },
    120_000,
  );

  test("refuses parts that do not belong together, and what would throw others' work away", async () => {
    expect((await part(linear, 'mixed', '1/2')).code).toBe(0);
    const before = contents(staging('mixed'));
    expect(outcome(await part(linear, 'mixed', '1/3'))).toEqual([2, 'parts-differ']);
    expect(outcome(await part(other, 'mixed', '2/2'))).toEqual([2, 'parts-differ']);
    expect(outcome(await merge(linear, 'mixed', '--force'))).toEqual([11, 'output-in-parts']);
    expect(outcome(await part(linear, 'mixed', '2/2', '--eval', 'arithmetic'))).toEqual([2, 'part-not-scored']);
    expect(contents(staging('mixed'))).toEqual(before);
    expect(outcome(await finish('nowhere'))).toEqual([5, 'nothing-to-finish']);
  }, 120_000);

  test("stopped by Ctrl-C leaves the others' work and nothing of its own", async () => {
    const ended = await partEndedAt('worker-starting', 'SIGINT', 'stopped', '1/2');
    expect(outcome(ended)).toEqual([130, 'cancelled']);
    expect(readdirSync(join(staging('stopped'), 'parts')).sort()).toEqual(['begun.json', 'plan.json']);
  }, 60_000);

  test('damaged meanwhile is found, and mended by running a part again', async () => {
    for (const which of ['1/2', '2/2']) expect((await part(linear, 'damaged', which)).code).toBe(0);
    truncateSync(shard('damaged'), 1000);
    const short = await finish('damaged');
    expect(outcome(short)).toEqual([7, 'part-damaged']);
    expect(failureOf(short)?.message).toContain('model.safetensors has 1000 bytes instead of');
    for (const which of ['1/2', '2/2']) expect((await part(linear, 'damaged', which)).code).toBe(0);

    const whole = readFileSync(shard('damaged'));
    const flipped = Buffer.from([(whole.at(-1) ?? 0) ^ 1]);
    writeSync(openSync(shard('damaged'), 'r+'), flipped, 0, 1, whole.length - 1);
    const wrong = await finish('damaged', '--verify');
    expect(outcome(wrong)).toEqual([7, 'part-damaged']);
    expect(failureOf(wrong)).toMatchObject({
      hint: 'run again: --part 2/2',
      message: expect.stringMatching(/part 2 of 2 is damaged: \S+ in model/),
    });
    expect(outcome(await finish('damaged'))).toEqual([3, 'parts-missing']);
    expect((await part(linear, 'damaged', '2/2')).code).toBe(0);
    expect((await finish('damaged', '--verify')).code).toBe(0);
    expect(contents(output('damaged'))).toEqual(contents(output('single')));
  }, 120_000);

  test('with a part of another plan is not published', async () => {
    for (const which of ['1/2', '2/2']) expect((await part(linear, 'foreign', which)).code).toBe(0);
    const mark = join(staging('foreign'), 'parts/part-2-of-2.done');
    writeFileSync(mark, JSON.stringify({ ...JSON.parse(readFileSync(mark, 'utf8')), plan: '0'.repeat(64) }));
    const refused = await finish('foreign');
    expect(outcome(refused)).toEqual([7, 'part-damaged']);
    expect(failureOf(refused)?.message).toContain('these were made by another plan: 2');
    expect(readdirSync(folder)).not.toContain('foreign');
    rmSync(staging('foreign'), { recursive: true });
  }, 60_000);
});

test.each(['0/3', '4/3', '3', 'a/b', '1/0'])('--part %s is wrong usage', async (which) => {
  const { code, stderr } = await runCli(['merge', linear, output('none'), '--part', which]);
  expect([code, stderr]).toEqual([2, expect.stringContaining('expected a part such as 3/8')]);
});
