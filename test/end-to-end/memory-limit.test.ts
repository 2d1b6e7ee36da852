import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { noTorch, titled } from '../bridge/python.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { type Finished, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const shape = [1000, 2000];
for (const [index, name] of ['base', 'one', 'two'].entries()) {
  const words = Uint16Array.from({ length: 2_000_000 }, (_, place) => 0x3f80 + ((place * (2 * index + 5)) % 128));
  const tensors = {
    'model.layers.0.conv.weight': { dtype: 'BF16' as const, shape, data: new Uint8Array(words.buffer) },
  };
  writeCheckpoint(join(folder, name), { tensors });
}
writeFileSync(
  join(folder, 'recipe.yml'),
  'merge_method: ties\nbase_model: base\nmodels: [{ model: one }, { model: two }]\nparameters: { weight: 1, density: 0.5 }\n',
);

const merge = (name: string, ...flags: string[]) =>
  runCli(['merge', 'recipe.yml', join(folder, name), '--json', ...flags], { cwd: folder });
const weights = (name: string) => readFileSync(join(folder, name, 'model.safetensors')).toString('base64');
const peaks = ({ events }: Finished) => ({
  predicted: events.flatMap((event) => (event.type === 'plan-ready' ? event.plan.peakMemory : []))[0] ?? Number.NaN,
  measured: events.flatMap((event) => (event.type === 'merge-finished' ? event.peakMemory : []))[0] ?? Number.NaN,
});

describe('--max-memory', () => {
  test.skipIf(noTorch)(
    titled('is kept, with the same bytes', noTorch),
    async () => {
      const limit = 175_000_000;
      const wide = await merge('wide', '--threads', '2', '--max-memory', '2GiB');
      const narrow = await merge('narrow', '--max-memory', '175MB');
      expect([wide.code, narrow.code], narrow.stderr).toEqual([0, 0]);
      expect(peaks(wide).predicted).toBeGreaterThan(limit);
      expect(peaks(narrow).predicted).toBeLessThanOrEqual(limit);
      expect(peaks(narrow).measured).toBeLessThanOrEqual(1.1 * limit);
      expect(weights('narrow')).toBe(weights('wide'));
    },
    60_000,
  );

  test('that cannot be kept says how much is needed, before Python is started', async () => {
    const { code, events } = await merge('none', '--max-memory', '100MB');
    expect(code).toBe(9);
    expect(events.at(-1)).toMatchObject({
      code: 'memory-limit-too-low',
      message: expect.stringMatching(
        /with 1 thread and the smallest chunks this merge needs \d+ MB, more than the 100 MB/,
      ),
    });
    expect(events.map(({ type }) => type)).not.toContain('worker-starting');
  });

  test('too low for a method that holds whole slabs names the method', async () => {
    writeFileSync(
      join(folder, 'della.yml'),
      'merge_method: della\nbase_model: base\nmodels: [{ model: one }]\nparameters: { weight: 1, density: 0.5, epsilon: 0.1 }\n',
    );
    const { code, stderr } = await runCli(['plan', 'della.yml', '--max-memory', '100MB'], { cwd: folder });
    expect([code, stderr]).toEqual([9, expect.stringContaining('--max-memory; della holds whole slabs')]);
  });

  test('does not go with a merge that stays in memory', async () => {
    const { code, events } = await merge('none', '--no-save', '--eval', 'summary', '--max-memory', '1GB');
    expect([code, events.at(-1)]).toEqual([2, expect.objectContaining({ code: 'memory-limit-in-memory' })]);
  });

  test('shows in the plan', async () => {
    const predicted = async (...flags: string[]) =>
      /memory +(\d+) MB predicted/.exec((await runCli(['plan', 'recipe.yml', ...flags], { cwd: folder })).stdout)?.[1];
    const [wide, narrow] = [
      await predicted('--threads', '8', '--max-memory', '2GiB'),
      await predicted('--max-memory', '175MB'),
    ];
    expect(Number(narrow)).toBeLessThanOrEqual(175);
    expect(Number(wide)).toBeGreaterThan(200);
  });
});
