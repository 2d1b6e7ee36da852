import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { noTorch, titled } from '../bridge/python.js';
import { childrenOf, type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const recipe = join(folder, 'ties.yml');
const output = join(folder, 'out');
let stopped = 0;

const now = () => process.hrtime.bigint();
const secondsSince = (start: bigint) => Number(now() - start) / 1e9;

/** Runs the merge and interferes once, when it is in the middle of the tensors. */
const mergeAnd = async (interfere: (pid: number) => void): Promise<Finished & { seconds: number }> => {
  let at: bigint | null = null;
  const finished = await runCli(['merge', recipe, output, '--json', '--threads', '1'], {
    onEvent: (event: RunEvent, { pid }) => {
      if (at !== null || event.type !== 'merge-progress' || event.bytesDone === 0 || pid === undefined) return;
      at = now();
      interfere(pid);
    },
  });
  stopped += at === null ? 0 : 1;
  return { ...finished, seconds: at === null ? Number.NaN : secondsSince(at) };
};

const failureOf = ({ events }: Finished) => events.find((event) => event.type === 'run-failed');

const leftovers = () => readdirSync(folder).filter((name) => name.startsWith('out'));

describe.skipIf(noTorch)(titled('a merge that is interrupted', noTorch), () => {
  beforeAll(async () => {
    // Large enough to be in the middle for a second, small enough to write in one.
    const script = `import { makeCheckpoints } from ${JSON.stringify(pathToFileURL(join(root, 'scripts/bench/synthetic.mjs')).href)};
      makeCheckpoints(${JSON.stringify(folder)}, '110M', 2);`;
    const made = spawnSync(process.execPath, ['--input-type=module', '-e', script], { encoding: 'utf8' });
    expect(made.stderr).toBe('');
    const model = (name: string) =>
      `  - model: ${join(folder, '110M', name)}\n    parameters: { weight: 1, density: 0.5 }\n`;
    writeFileSync(
      recipe,
      `models:\n${model('tune-1')}${model('tune-2')}merge_method: ties\nbase_model: ${join(folder, '110M/base')}\n`,
    );
  });

  test('by the death of the worker says so, publishes nothing and exits with 1 within 2 s', async () => {
    const ended = await mergeAnd((pid) => {
      for (const worker of childrenOf(pid)) process.kill(worker, 'SIGKILL');
    });
    expect(ended.code).toBe(1);
    expect(failureOf(ended)?.message).toContain('SIGKILL');
    expect(ended.seconds).toBeLessThan(2);
    expect(leftovers()).toEqual([]);
  });

  test.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('by %s stops within 2 s with exit code %i and leaves no process', async (signal, code) => {
    let workers: number[] = [];
    const ended = await mergeAnd((pid) => {
      workers = childrenOf(pid);
      process.kill(pid, signal);
    });
    expect(ended.code).toBe(code);
    expect(failureOf(ended)).toMatchObject({ code: 'cancelled', exitCode: code });
    expect(ended.seconds).toBeLessThan(2);
    expect(leftovers()).toEqual([]);
    expect(workers.filter((worker) => existsSync(`/proc/${worker}/cmdline`))).toEqual([]);
  });

  test('by a fault in its recipe ends the worker that has been started meanwhile', async () => {
    const faulty = join(folder, 'faulty.yml');
    writeFileSync(faulty, 'models: []\nmerge_method: ties\n');
    let workers: number[] = [];
    const { code } = await runCli(['merge', faulty, output, '--json'], {
      onEvent: ({ type }, { pid }) => {
        if (type === 'run-started' && pid !== undefined) workers = childrenOf(pid);
      },
    });
    expect([code, workers.length]).toEqual([2, 1]);
    expect(workers.filter((worker) => existsSync(`/proc/${worker}/cmdline`))).toEqual([]);
  });

  test('works when it is run again', async () => {
    expect(stopped).toBe(4);
    const { code, stderr } = await runCli(['merge', recipe, output, '--quiet']);
    expect([code, stderr]).toEqual([0, '']);
    expect(readdirSync(output)).toContain('model.safetensors');
    expect(leftovers()).toEqual(['out']);
  });
});
