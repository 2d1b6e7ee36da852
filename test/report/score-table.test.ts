import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { shortNames } from '../../src/report/model-names.js';
import { gridOfScoreboard } from '../../src/report/score-grid.js';
import { renderScores, scoreGridRows } from '../../src/report/score-table.js';
import { createStyle } from '../../src/report/style.js';
import { scoreboardOf } from './scoreboards.js';

const styles = [true, false].map((unicode) => createStyle({ colour: false, unicode }));
const [plain = createStyle({ colour: false, unicode: true })] = styles;

const boards = {
  usual: scoreboardOf({
    models: ['zoo/decoder/base', 'zoo/decoder/arithmetic', 'zoo/decoder/facts', 'zoo/decoder/summary', 'out/zoo-ties'],
    tasks: ['arithmetic', 'facts', 'summaries'],
  }),
  wide: scoreboardOf({
    models: ['基本モデル', '組織/日本語モデル', '조직/한국어', 'ünï'],
    tasks: ['質問応答', 'q', 'r'],
  }),
  many: scoreboardOf({
    models: Array.from({ length: 12 }, (_, index) => `organisation/a-rather-long-model-name-${index}`),
    tasks: Array.from({ length: 9 }, (_, index) => `task-with-a-name-${index}`),
  }),
};

const linesOf = (text: string) => text.trimEnd().split('\n');

describe.each(Object.keys(boards) as (keyof typeof boards)[])('the %s table', (name) => {
  test.each([24, 38, 50, 60, 76, 80, 100, 160, 250])('never exceeds %i columns', (width) => {
    for (const style of styles) {
      for (const line of linesOf(renderScores(boards[name], style, width))) {
        expect(stringWidth(line)).toBeLessThanOrEqual(width);
      }
    }
  });

  test.each([38, 60, 80, 160])('aligns the numbers of each column at %i columns', (width) => {
    const table = scoreGridRows(gridOfScoreboard(boards[name]), plain, width);
    const blocks: string[][] = [[]];
    for (const row of table) {
      const text = row.map((part) => part.text).join('');
      if (text.trim() === '') blocks.push([]);
      else blocks.at(-1)?.push(text);
    }
    for (const lines of blocks) {
      // Decimal points stand under each other: their columns are the same sets in every line that has all of them.
      const points = lines
        .filter((line) => /\d\.\d/.test(line))
        .map((line) => [...line.matchAll(/\d\.\d/g)].map(({ index }) => stringWidth(line.slice(0, index))));
      const all = new Set(points.flat());
      expect(all.size).toBe(Math.max(...points.map(({ length }) => length)));
    }
  });

  test.each([24, 60, 80, 250])('shows every score at %i columns', (width) => {
    const text = renderScores(boards[name], plain, width);
    const expected = boards[name].rows.flatMap(({ scores }) =>
      scores.map(({ mean }) => (100 * (mean ?? 0)).toFixed(1)),
    );
    for (const score of expected) expect(text).toContain(score);
  });
});

describe('the usual table at 80 columns', () => {
  const text = renderScores(boards.usual, plain, 80);

  test('is one table with errors, items, differences and gains', () => {
    const lines = linesOf(text);
    expect(lines.filter((line) => line.startsWith('model'))).toHaveLength(1);
    expect(lines[1]?.match(/n 400/g)).toHaveLength(3);
    const merge = lines.findIndex((line) => line.includes('zoo-ties'));
    expect(lines[merge]).toMatch(
      /^merge +(out\/)?zoo-ties +\*50\.0 ±2\.4 *\*51\.0 ±2\.4 *\*52\.0 ±2\.4 *\*51\.0 ±1\.2$/,
    );
    expect(lines[merge + 1]).toMatch(/^ +Δ best parent +\+5\.0 ±2\.0 +\+5\.0 ±2\.0 +\+5\.0 ±2\.0 +\+5\.0 ±1\.3$/);
    expect(lines[2]).toMatch(/^base .*31\.0 ±1\.2 +\+20\.0 ±1\.3$/);
  });

  test('is followed by the differences to every model, and by what was kept of their gains', () => {
    const lines = linesOf(text);
    const second = lines.findIndex((line) => line.startsWith('merge −'));
    expect(lines.slice(second + 1, second + 5).map((line) => line.split(/ {2,}/)[0])).toEqual([
      'base',
      'parent arithmetic',
      'parent facts',
      'parent summary',
    ]);
    expect(lines[second + 2]).toMatch(/ \+15\.0 ±2\.1 +\+15\.0 ±2\.1 +\+15\.0 ±2\.1 +\+15\.0 ±1\.3$/);
    expect(text.replaceAll('\n', ' ')).toContain(
      'kept of what each model gained over the base: zoo/decoder/arithmetic on arithmetic 87.5 ±6.1 %',
    );
  });

  test('explains its marks and ends with the verdict', () => {
    expect(text).toContain('gain = merge − this model');
    expect(linesOf(text).at(-1)).toBe('the merge is best');
  });
});

test('a task without targets is told as predictions only', () => {
  const rows = boards.usual.rows.map((row) => ({
    ...row,
    scores: row.scores.map((score) =>
      score.task === 'facts' ? { ...score, mean: null, delta: null, gain: null } : score,
    ),
  }));
  const text = renderScores({ ...boards.usual, rows }, plain, 80);
  expect(text).toContain('predictions only, no targets to score: facts\n');
  expect(text).toMatch(/^merge +\S*zoo-ties +\*50\.0 ±2\.4 +· +\*52\.0 ±2\.4/m);
});

test('more width means whole names; less means the part that tells them apart', () => {
  expect(renderScores(boards.usual, plain, 100)).toContain('zoo/decoder/arithmetic ');
  expect(renderScores(boards.usual, plain, 76)).toMatch(/^parent arithmetic /m);
  expect(shortNames(['a/b/c', 'a/b/d'])).toEqual(['c', 'd']);
  expect(shortNames(['a/b', 'a/b'])).toEqual(['b', 'b']);
  expect(shortNames(['base', 'x/y'])).toEqual(['base', 'x/y']);
});

test('a tie is marked on both, a single model is not marked', () => {
  const tie = scoreboardOf({ models: ['base', 'merge'], tasks: ['t'] });
  const [first, second] = tie.rows;
  const same = { ...tie, rows: [first, { ...second, mean: first?.mean, scores: first?.scores }] } as typeof tie;
  expect(renderScores(same, plain, 80).match(/\*30\.0/g)).toHaveLength(4);
  expect(renderScores({ ...tie, rows: tie.rows.slice(0, 1) }, plain, 80)).not.toContain('*30.0');
});

test('names from models cannot move the cursor', () => {
  const board = scoreboardOf({ models: ['a\u001b[2J', 'b\u202e', 'c\nd'], tasks: ['t\u001b]0;x\u0007'] });
  expect(renderScores({ ...board, verdict: '\u001bc' }, plain, 100)).not.toMatch(/[\p{Cf}]|(?!\n)\p{Cc}/u);
});
