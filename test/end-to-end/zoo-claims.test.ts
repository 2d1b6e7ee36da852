import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import type { ScoreRow } from '../../src/events.js';
import { noTorch, titled } from '../bridge/python.js';
import { root, runCli } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const tasks = 'arithmetic,knowledge,summary';

/** The rows of `amalgam merge RECIPE OUT --eval …` on the test draw. */
const scoresOf = async (recipe: string): Promise<readonly ScoreRow[]> => {
  const path = join('configs/recipes/zoo', `${recipe}.yml`);
  const { code, stderr, events } = await runCli(['merge', path, join(folder, recipe), '--eval', tasks, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return events.flatMap((event) => (event.type === 'evaluation-finished' ? event.scoreboard.rows : []));
};

/** Mean over tasks, in percent, of a row of the table that the training program wrote. */
const meanInTable = (family: string, row: string): number => {
  const text = readFileSync(join(root, `zoo/results/${family}-seed-0.csv`), 'utf8');
  const [header = [], ...rows] = text.split('\n').map((line) => line.split(','));
  return Number(rows.find(([name]) => name === row)?.[header.indexOf('mean')]);
};

// The last column allows for what may differ: rounding, and for DARE another random mask.
const claims = [
  ['ties', 'decoder', 'ties', 4, 1],
  ['dare-ties', 'decoder', 'dare_ties', 4, 4],
  ['task-arithmetic', 'decoder', 'task_arithmetic', 4, 1],
  ['t5-ties', 'encoder-decoder', 'ties', 3, 1],
] as const;

describe.skipIf(noTorch)(titled('the merges of the shipped zoo, on the test draw', noTorch), () => {
  const scored = new Map<string, readonly ScoreRow[]>();

  beforeAll(async () => {
    for (const [recipe] of claims) scored.set(recipe, await scoresOf(recipe));
  }, 900_000);

  test.each(claims)(
    '%s beats its base and all its parents by more than two paired standard errors',
    (recipe, ...rest) => {
      const rivals = (scored.get(recipe) ?? []).filter(({ role }) => role !== 'merge');
      expect(rivals.map(({ role }) => role).sort()).toEqual(['base', ...Array(rest[2] - 1).fill('parent')]);
      for (const { model, gain, gainError } of rivals) {
        expect(gainError).toBeGreaterThan(0);
        expect(gain, `over ${model}`).toBeGreaterThan(2 * (gainError ?? Number.NaN));
      }
    },
  );

  test.each(claims)('%s scores what the table of %s says', (recipe, family, row, _models, tolerance) => {
    const rows = scored.get(recipe) ?? [];
    for (const { model, role, mean } of rows) {
      const expected = meanInTable(family, role === 'merge' ? row : model);
      expect(Math.abs(100 * (mean ?? Number.NaN) - expected), model).toBeLessThan(tolerance);
    }
    expect(rows.length).toBeGreaterThan(0);
  });
});
