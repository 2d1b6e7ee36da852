import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { noTorch, testPython, titled } from '../bridge/python.js';
import { root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const recipes = readdirSync(join(root, 'configs/recipes/zoo')).sort();
const checker = fileURLToPath(new URL('check_merge.py', import.meta.url));

/** The independent float64 computation, and transformers' own view of the output. */
const check = (recipe: string, output: string) => {
  const ran = spawnSync(testPython, [checker, recipe, output, '--load'], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (ran.status !== 0) throw new Error(ran.stderr);
  return JSON.parse(ran.stdout.trim().split('\n').at(-1) ?? '{}');
};

describe.skipIf(noTorch)(titled('every zoo recipe', noTorch), () => {
  test.each(recipes)('%s merges to what float64 says, and transformers loads it', async (name) => {
    const recipe = join(root, 'configs/recipes/zoo', name);
    const output = join(folder, name.replace(/\.ya?ml$/, ''));
    const { code, stderr, events } = await runCli(['merge', recipe, output, '--json']);
    expect([code, stderr]).toEqual([0, '']);
    expect(events.at(-1)?.type).toBe('run-finished');
    const checked = check(recipe, output);
    expect(checked.tensors).toBeGreaterThan(10);
    expect(checked.off / checked.elements).toBeLessThan(1e-5);
    expect(checked.loaded).toMatchObject({
      dtype: 'torch.bfloat16',
      missing_keys: [],
      unexpected_keys: [],
      mismatched_keys: [],
    });
    expect(checked.loaded.generated).toBeGreaterThan(1);
  });
});
