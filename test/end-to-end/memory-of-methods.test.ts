import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { recipes } from '../../scripts/bench/recipes.mjs';
import { noTorch, titled } from '../bridge/python.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const megabyte = 1_000_000;

/** Numbers of bfloat16 of either sign whose magnitudes differ, by Marsaglia's xorshift32. */
const numbers = (elements: number, seed: number): Uint8Array => {
  let state = seed;
  const words = Uint16Array.from({ length: elements }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return 0x3c00 | (state & 0x81ff);
  });
  return new Uint8Array(words.buffer);
};

/** Many chunks, rows that are longer than a chunk, and a vector. */
const shapes: Readonly<Record<string, readonly number[]>> = {
  'model.layers.0.mlp.up_proj.weight': [3072, 1024],
  'model.layers.0.mlp.wide.weight': [3, 300_000],
  'model.norm.weight': [1024],
};
const [base = '', ...tunes] = ['base', 'one', 'two', 'three'].map((name, index) => {
  const tensors = Object.entries(shapes).map(([tensor, shape], place) => {
    const elements = shape.reduce((product, size) => product * size, 1);
    const data = numbers(elements, 1 + index + 10 * place);
    return [tensor, { dtype: 'BF16' as const, shape: [...shape], data }] as const;
  });
  writeCheckpoint(join(folder, name), { tensors: Object.fromEntries(tensors) });
  return join(folder, name);
});

describe.skipIf(noTorch)(titled('with --max-memory 256MiB the worker', noTorch), () => {
  test.each(Object.entries(recipes))(
    'keeps to 400 MB and to what was predicted for %s',
    async (method, make) => {
      const recipe = join(folder, `${method}.yml`);
      writeFileSync(recipe, make(base, tunes));
      const { code, stderr, events } = await runCli(
        ['merge', recipe, join(folder, 'out'), '--json', '--force', '--threads', '2', '--max-memory', '256MiB'],
        { cwd: folder },
      );
      expect(code, stderr).toBe(0);
      const [predicted = 0] = events.flatMap((event) => (event.type === 'plan-ready' ? event.plan.peakMemory : []));
      const [measured = 0] = events.flatMap((event) => (event.type === 'merge-finished' ? event.peakMemory : []));
      expect(predicted).toBeLessThanOrEqual(256 * 1024 ** 2);
      expect(measured).toBeGreaterThan(100 * megabyte);
      expect(measured).toBeLessThanOrEqual(Math.min(400 * megabyte, 1.1 * predicted));
    },
    30_000,
  );
});
