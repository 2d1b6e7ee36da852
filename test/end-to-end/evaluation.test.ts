import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { RunEvent, Scoreboard } from '../../src/events.js';
import { noTorch, titled } from '../bridge/python.js';
import { type CliOptions, type Finished, root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const temporary = join(folder, 'tmp');
const recipe = join(folder, 'linear.yml');

const finishedOf = ({ events }: Finished): Scoreboard => {
  const found = events.find((event) => event.type === 'evaluation-finished');
  if (found?.type !== 'evaluation-finished') throw new Error(`no scores: ${JSON.stringify(events.at(-1))}`);
  return found.scoreboard;
};

/** The scores without what depends on how they came about. */
const told = (scoreboard: Scoreboard) =>
  scoreboard.rows.map((row) => ({ ...row, scores: row.scores.map((score) => ({ ...score, reused: 0 })) }));

const json = (...path: string[]) => JSON.parse(readFileSync(join(...path), 'utf8'));

const evaluation = ['--limit', '12', '--batch-size', '3', '--json'];
const run = (args: readonly string[], options: CliOptions = {}) =>
  runCli([...args, ...evaluation], { cwd: folder, ...options, env: { TMPDIR: temporary } });

/** Kills the command for good at the first event that is asked for. */
const killedAt = async (args: readonly string[], isTime: (event: RunEvent) => boolean): Promise<Finished> => {
  let killed = false;
  return run(args, {
    onEvent: (event, child) => {
      if (!killed && isTime(event)) killed = child.kill('SIGKILL');
    },
  });
};

// Models of their own place have no kept scores from earlier runs of these tests.
beforeAll(() => {
  for (const name of ['base', 'knowledge', 'summary'])
    cpSync(join(root, 'zoo/decoder', name), join(folder, name), { recursive: true });
  mkdirSync(temporary);
  writeFileSync(
    recipe,
    'merge_method: linear\nmodels:\n  - model: knowledge\n  - model: summary\nparameters: { weight: 0.5 }\n',
  );
});

describe.skipIf(noTorch)(titled('an evaluation that is killed', noTorch), () => {
  const args = ['eval', 'base', 'knowledge', '--tasks', 'knowledge,summary', '--results', 'results'];

  test('goes on where it was, and ends as if nothing had happened', async () => {
    const killed = await killedAt(
      args,
      (event) => event.type === 'evaluation-progress' && event.model === 'knowledge' && event.done > 0,
    );
    expect(killed.signal).toBe('SIGKILL');
    const early = json(folder, 'results/scores.json');
    expect([early.complete, early.scoreboard.rows.length]).toEqual([false, 1]);

    const again = await run(args);
    const reused = finishedOf(again).rows.map(({ scores }) =>
      scores.reduce((sum, { reused: count }) => sum + count, 0),
    );
    expect(reused[0]).toBe(24);
    expect(reused[1]).toBeGreaterThan(0);
    expect(reused[1]).toBeLessThan(24);
    expect(again.stdout).toContain('base: 24 of 24 examples from an earlier run');

    const whole = await run([...args.slice(0, -1), 'whole', '--no-kept-scores']);
    expect(told(finishedOf(again))).toEqual(told(finishedOf(whole)));
    expect(finishedOf(whole).rows.flatMap(({ scores }) => scores.map(({ reused: count }) => count))).toEqual([
      0, 0, 0, 0,
    ]);
    expect(json(folder, 'results/scores.json')).toMatchObject({ complete: true, scoreboard: finishedOf(again) });
    for (const file of json(folder, 'whole/scores.json').files.filter((name: string) => name !== 'scores.json')) {
      expect(readFileSync(join(folder, 'results', file), 'utf8')).toBe(
        readFileSync(join(folder, 'whole', file), 'utf8'),
      );
    }
  });
});

describe.skipIf(noTorch)(titled('a merge that is scored', noTorch), () => {
  const tasks = ['--eval', 'knowledge,summary'];
  let saved: Finished;

  beforeAll(async () => {
    saved = await run(['merge', recipe, 'out', ...tasks]);
  });

  test('leaves files that say what was shown', () => {
    const { rows } = finishedOf(saved);
    const merge = rows.find(({ role }) => role === 'merge');
    const results = join(folder, 'out/evaluation');
    expect(json(results, 'scores.json').scoreboard).toEqual(finishedOf(saved));
    for (const { task, n, mean, metrics } of merge?.scores ?? []) {
      const lines = readFileSync(join(results, `predictions/out/${task}.jsonl`), 'utf8')
        .trimEnd()
        .split('\n');
      const predictions: { id: string; prediction: string; score: number }[] = lines.map((line) => JSON.parse(line));
      expect(predictions).toHaveLength(n);
      expect(predictions.reduce((sum, { score }) => sum + score, 0) / n).toBeCloseTo(mean ?? Number.NaN, 12);
      const submitted = readFileSync(join(results, `${task}.csv`), 'utf8')
        .trimEnd()
        .split('\r\n');
      expect(submitted.slice(1).map((line) => line.split(',')[0])).toEqual(predictions.map(({ id }) => id));
      for (const [name, value] of Object.entries(json(results, 'result.json')[task] as Record<string, number>)) {
        expect(value).toBeCloseTo(metrics[name] ?? Number.NaN, 2);
      }
    }
    expect(Object.keys(json(results, 'result.json'))).toEqual(['knowledge', 'summary']);
  });

  test('can be replaced together with its scores', async () => {
    const again = await run(['merge', recipe, 'out', '--force', ...tasks]);
    expect(again.code).toBe(0);
    expect(told(finishedOf(again))).toEqual(told(finishedOf(saved)));
    expect(finishedOf(again).rows.flatMap(({ scores }) => scores.map(({ reused }) => reused))).toEqual(
      Array(6).fill(12),
    );
  });

  test('in memory has the same scores and leaves nothing', async () => {
    const before = readdirSync(folder);
    const inMemory = await run(['merge', recipe, '--no-save', '--no-kept-scores', ...tasks]);
    const named = told(finishedOf(inMemory)).map((row) => (row.role === 'merge' ? { ...row, model: 'out' } : row));
    expect(named).toEqual(told(finishedOf(saved)));
    const order = inMemory.events.map(({ type }) => type);
    expect(order.indexOf('merge-finished')).toBeGreaterThan(order.indexOf('merge-started'));
    expect(order.indexOf('merge-finished')).toBeLessThan(order.indexOf('evaluation-progress'));
    expect(order).not.toContain('published');
    expect(readdirSync(folder)).toEqual(before);
    expect(readdirSync(temporary).filter((name) => name.startsWith('amalgam-'))).toEqual([]);
  });

  test('in memory leaves nothing when it is killed', async () => {
    const left = () => readdirSync(temporary).filter((name) => name.startsWith('amalgam-'));
    let during: string[] = [];
    const killed = await killedAt(['merge', recipe, '--no-save', '--no-kept-scores', ...tasks], ({ type }) => {
      if (type === 'evaluation-progress') during = left();
      return type === 'evaluation-progress';
    });
    expect(killed.signal).toBe('SIGKILL');
    expect(during).toHaveLength(1);
    await expect.poll(left, { timeout: 10_000 }).toEqual([]);
  });

  test('in memory needs tasks, and otherwise an output', async () => {
    const nothing = await runCli(['merge', recipe, '--no-save'], { cwd: folder });
    expect([nothing.code, nothing.stderr.includes('--eval')]).toEqual([2, true]);
    const nowhere = await runCli(['merge', recipe], { cwd: folder });
    expect([nowhere.code, nowhere.stderr.includes('the folder to make is missing')]).toEqual([2, true]);
    expect(existsSync(join(folder, 'linear'))).toBe(false);
  });
});
