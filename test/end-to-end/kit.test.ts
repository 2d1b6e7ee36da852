import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { noTorch, testPython, titled } from '../bridge/python.js';
import { type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

type Metrics = Readonly<Record<string, Readonly<Record<string, number>>>>;
type Checked = { readonly limit: number; readonly prefix: 'bos' | 'none'; readonly newTokens: number };

/** The metrics of a model by plain transformers calls. */
const plainMetrics = (model: string, files: readonly string[], { limit, prefix, newTokens }: Checked): Metrics => {
  const checker = fileURLToPath(new URL('check_kit.py', import.meta.url));
  const args = [checker, model, String(limit), prefix, String(newTokens), ...files];
  const { status, stdout, stderr } = spawnSync(testPython, args, {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
};

const scoresOf = ({ events }: Finished): Metrics => {
  const finished = events.findLast((event) => event.type === 'evaluation-finished');
  const merge = finished?.scoreboard.rows.find(({ role }) => role === 'merge');
  return Object.fromEntries(merge?.scores.map(({ task, metrics }) => [task, metrics]) ?? []);
};

/** The last line of `--json` is the kit's JSON: what plain transformers calls give, rounded; before it, unrounded. */
const expectKitResult = (finished: Finished, plain: Metrics): void => {
  expect([finished.code, finished.events.at(-1)?.type]).toEqual([0, 'run-finished']);
  const result: Metrics = JSON.parse(finished.stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(Object.keys(result)).toEqual(Object.keys(plain));
  for (const [task, metrics] of Object.entries(plain)) {
    expect(Object.keys(result[task] ?? {})).toEqual(Object.keys(metrics));
    for (const [name, value] of Object.entries(metrics)) {
      expect(scoresOf(finished)[task]?.[name]).toBeCloseTo(value, 6);
      expect(Math.abs((result[task]?.[name] ?? 9) - value)).toBeLessThan(0.0005 + 1e-9);
      expect(result[task]?.[name]).toBe(Number(result[task]?.[name]?.toFixed(3)));
    }
  }
};

/** Every run starts two Python processes that import transformers. */
const patience = 600_000;

const zooTasks = ['arithmetic', 'knowledge', 'summary'].map((name) => join(root, `zoo/tasks/${name}.test.csv`));

describe.skipIf(noTorch)(titled('a name of the zoo', noTorch), () => {
  const folder = temporaryFolder();

  test.each(['ties_zoo', 'slerp_zoo', 'slerp_zoo_lora', 'dare_ties_zoo_t5'])(
    '%s merges, and scores as plain transformers calls do',
    async (name) => {
      const finished = await runCli(['kit', name, '--limit', '24', '--no-kept-scores', '--json'], { cwd: folder });
      const output = join(folder, 'output', name);
      const plain = plainMetrics(output, zooTasks, { limit: 24, prefix: 'none', newTokens: 16 });
      expectKitResult(finished, plain);
    },
    patience,
  );
});

const rows = (count: number, ...files: readonly string[]): string => {
  const texts = files.map((file) => readFileSync(join(root, 'zoo/tasks', file), 'utf8'));
  const records = texts.map((text) => text.split(/\n(?=\w+-(?:dev|test)-\d+,)/).map((line) => line.trimEnd()));
  return `${[records[0]?.[0], ...records.flatMap((lines) => lines.slice(1, count + 1))].join('\n')}\n`;
};

describe.skipIf(noTorch)(titled('a name of the user', noTorch), () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, 'configs/kit'), { recursive: true });
  mkdirSync(join(folder, 'data/validation'), { recursive: true });
  const config = readFileSync(join(root, 'configs/kit/ta_zoo.yaml'), 'utf8')
    .replaceAll('../../zoo', join(root, 'zoo'))
    .replace(/^tasks:.*\n/m, '')
    .replace('max_gen_len: 16', 'max_gen_len: null');
  writeFileSync(join(folder, 'configs/kit/ta_mine.yaml'), config);
  const data = { cosmos_qa: rows(8, 'knowledge.dev.csv', 'arithmetic.dev.csv'), xsum: rows(6, 'summary.dev.csv') };
  for (const [name, text] of Object.entries(data)) writeFileSync(join(folder, `data/validation/${name}.csv`), text);
  const files = Object.keys(data).map((name) => join(folder, `data/validation/${name}.csv`));

  test(
    "is one file, and is scored on the kit's data as the kit scores it",
    async () => {
      const finished = await runCli(['kit', '-m', 'ta_mine', '--output_folder', 'results', '--json'], { cwd: folder });
      const plain = plainMetrics(join(folder, 'output/ta_mine'), files, { limit: 99, prefix: 'bos', newTokens: 20 });
      expectKitResult(finished, plain);
      expect(Object.keys(plain)).toEqual(['cosmos_qa', 'xsum']);
      const written = (name: string) => readFileSync(join(folder, 'results', name), 'utf8');
      expect(JSON.parse(written('result.json'))).toEqual(
        JSON.parse(finished.stdout.trimEnd().split('\n').at(-1) ?? ''),
      );
      expect(written('cosmos_qa.csv')).toMatch(/^id,prediction,dummy_field\r?\nknowledge-dev-0,\d,0\r?\n/);
      expect(written('xsum.csv').trimEnd().split(/\r?\n/)).toHaveLength(7);
    },
    patience,
  );

  test(
    'takes data of any kind in one file, of the name given, and an output',
    async () => {
      const mixed = join(folder, 'mixed.csv');
      writeFileSync(mixed, rows(4, 'knowledge.dev.csv', 'summary.dev.csv'));
      const output = join(folder, 'elsewhere');
      const args = ['kit', 'avg_other', output, '--config', 'configs/kit/ta_mine.yaml', '--data', mixed, '--json'];
      const finished = await runCli(args, { cwd: folder });
      expectKitResult(finished, plainMetrics(output, [mixed], { limit: 99, prefix: 'bos', newTokens: 20 }));
      expect(finished.events.find(({ type }) => type === 'plan-ready')).toMatchObject({ plan: { method: 'linear' } });
    },
    patience,
  );

  test(
    'can be merged without a score',
    async () => {
      const finished = await runCli(['kit', '-m', 'ta_mine', 'out', '--no-eval'], { cwd: folder });
      expect([finished.code, finished.stdout.trimEnd().split('\n').at(-1)]).toEqual([0, join(folder, 'out')]);
      expect(existsSync(join(folder, 'out/model.safetensors'))).toBe(true);
    },
    patience,
  );
});
