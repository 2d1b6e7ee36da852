import { describe, expect, test } from 'vitest';
import { markdown, summarise, tables } from '../../scripts/bench/table.mjs';
import { alone, round } from './rounds.js';

const took = (stage: number, whole: number, mergekit: number) => ({
  amalgam: { whole, stage, peak: 300e6, workerPeak: 250e6 },
  mergekit: { whole: mergekit, peak: 2e9 },
});

/** Cells of the row that begins with the method. */
const row = (text: string, method: string): string[] => {
  const line = text.split('\n').find((each) => new RegExp(`^\\| ${method} `).test(each)) ?? '';
  return line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim());
};

describe('the summary of a method', () => {
  test('has medians, ratios of medians and the highest peaks', () => {
    const peaks = { whole: 9, stage: 8, peak: 400e6, workerPeak: 380e6 };
    const rounds = [round('ties', took(4, 6, 60)), round('ties', { amalgam: peaks }), round('ties', took(5, 7, 420))];
    expect(summarise(rounds)).toEqual({
      rounds: 3,
      limit: 2,
      stage: 5,
      stageRatio: 2.5,
      whole: 7,
      mergekit: { whole: 60, peak: 2e9 },
      faster: 60 / 7,
      workerPeak: 380e6,
      peak: 400e6,
    });
  });

  test('compares with mergekit only in rounds that have it', () => {
    const rounds = [round('ties', took(4, 6, 60)), alone('ties', { amalgam: { ...took(4, 12, 0).amalgam } })];
    expect(summarise(rounds)).toMatchObject({ whole: 9, faster: 10 });
    expect(summarise([alone('ties')])).toMatchObject({ mergekit: null, faster: null });
  });
});

describe('the table', () => {
  test('says for each method which targets are met', () => {
    const text = tables([round('linear', took(3.2, 5, 30)), round('ties', took(8.2, 10, 299))]);
    expect(row(text, 'linear').slice(0, 8)).toEqual([
      'linear',
      '2.00 s',
      '3.20 s',
      '1.60 (≤ 1.6) ✓',
      '5.00 s',
      '30.00 s',
      '6.0 (≥ 6) ✓',
      '250 MB (≤ 600) ✓',
    ]);
    expect(row(text, 'ties')).toContain('4.10 (≤ 4) ✗');
    expect(row(text, 'ties')).toContain('29.9 (≥ 30) ✗');
  });

  test('has no targets of time for models of another size, and a lower one of memory under a limit', () => {
    const text = tables([alone('linear', { size: '110M', flags: ['--max-memory', '256MiB'] })]);
    expect(row(text, 'linear').slice(3, 8)).toEqual(['1.50', '5.00 s', '–', '–', '250 MB (≤ 400) ✓']);
    expect(text).toContain('--max-memory 256MiB');
  });

  test('keeps programs apart that are not the same', () => {
    const text = tables([round('linear'), round('linear', { program: 'other', commit: 'def5678' })]);
    expect(text.match(/copy limit L/g)).toHaveLength(2);
    expect(text).toContain('commit abc1234');
    expect(text).toContain('commit def5678');
  });
});

test('rows come in one order, whichever was measured first', () => {
  const text = tables([round('ties'), round('linear')]);
  expect(text.indexOf('| linear')).toBeLessThan(text.indexOf('| ties'));
});

test('columns of a table line up', () => {
  expect(
    markdown(
      ['name', 'n'],
      [
        ['a', '10'],
        ['longer', '5'],
      ],
    ),
  ).toBe(['| name   |  n |', '|--------|---:|', '| a      | 10 |', '| longer |  5 |'].join('\n'));
});
