import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noTorch, titled } from '../bridge/python.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const megabyte = 1_000_000;

/** Numbers of bfloat16 between 1 and 2, whose magnitudes differ. */
const numbers = (elements: number, factor: number): Uint8Array => {
  const words = Uint16Array.from({ length: elements }, (_, index) => 0x3f80 + ((index * factor) % 128));
  return new Uint8Array(words.buffer);
};

test.skipIf(noTorch)(
  titled('a method that holds whole slabs keeps to the predicted memory', noTorch),
  async () => {
    const shape = [2, 1_500_000];
    for (const [index, name] of ['base', 'one', 'two', 'three'].entries()) {
      const weight = { dtype: 'BF16' as const, shape, data: numbers(3_000_000, 2 * index + 5) };
      writeCheckpoint(join(folder, name), { tensors: { 'model.layers.0.conv.weight': weight } });
    }
    const recipe = join(folder, 'recipe.yml');
    const models = ['one', 'two', 'three'].map((model) => `{ model: ${model} }`).join(', ');
    writeFileSync(
      recipe,
      `merge_method: della\nbase_model: base\nmodels: [${models}]\nparameters: { weight: 1, density: 0.5, epsilon: 0.1 }\n`,
    );
    const { code, stderr, events } = await runCli(['merge', recipe, join(folder, 'out'), '--json', '--threads', '2'], {
      cwd: folder,
    });
    expect(code, stderr).toBe(0);
    const predicted = events.flatMap((event) => (event.type === 'plan-ready' ? event.plan.peakMemory : []))[0] ?? 0;
    const measured = events.flatMap((event) => (event.type === 'merge-finished' ? event.peakMemory : []))[0] ?? 0;
    expect(measured).toBeGreaterThan(300 * megabyte);
    expect(predicted).toBeGreaterThan(measured / 1.1);
    expect(predicted).toBeLessThan(measured * 1.6);
  },
  60_000,
);
