import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, testPython, titled } from '../bridge/python.js';
import { type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const recipes = readdirSync(join(root, 'configs/recipes/zoo')).sort();
const recipePath = (name: string) => join(root, 'configs/recipes/zoo', name);
const outputPath = (name: string) => join(folder, name.replace(/\.ya?ml$/, ''));

type Checked = {
  readonly recipe: string;
  readonly tensors: number;
  readonly elements: number;
  /** Elements further from the float64 result than rounding explains. */
  readonly off: number;
  readonly loaded: Readonly<Record<string, unknown>>;
};

/** The independent float64 computation, and transformers' own view of the output, for all recipes in one process. */
const checkAll = (names: readonly string[]): Map<string, Checked> => {
  const checker = fileURLToPath(new URL('check_merge.py', import.meta.url));
  const pairs = names.map((name) => `${recipePath(name)}=${outputPath(name)}`);
  const { status, stdout, stderr } = spawnSync(testPython, [checker, ...pairs], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  const lines = stdout.split('\n').filter((line) => line.startsWith('{'));
  return new Map(lines.map((line): [string, Checked] => [JSON.parse(line).recipe, JSON.parse(line)]));
};

describe.skipIf(noTorch)(titled('every zoo recipe', noTorch), () => {
  const runs = new Map<string, Finished>();
  let checked = new Map<string, Checked>();

  beforeAll(async () => {
    const queue = [...recipes];
    const work = async (): Promise<void> => {
      const name = queue.shift();
      if (name === undefined) return;
      runs.set(name, await runCli(['merge', recipePath(name), outputPath(name), '--json']));
      await work();
    };
    await Promise.all([work(), work()]);
    const finished = recipes.filter((name) => runs.get(name)?.code === 0);
    checked = checkAll(finished);
  }, 600_000);

  test.each(recipes)('%s merges to what float64 says, and transformers loads it', (name) => {
    const { code, stderr, events } = runs.get(name) ?? {};
    expect([code, stderr, events?.at(-1)?.type]).toEqual([0, '', 'run-finished']);
    const { tensors = 0, elements = 1, off, loaded } = checked.get(name) ?? {};
    expect(tensors).toBeGreaterThan(10);
    expect((off ?? elements) / elements).toBeLessThan(1e-5);
    expect(loaded).toMatchObject({
      dtype: 'torch.bfloat16',
      missing_keys: [],
      unexpected_keys: [],
      mismatched_keys: [],
    });
    expect(loaded?.generated).toBeGreaterThan(1);
  });
});
