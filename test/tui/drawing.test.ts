import { describe, expect, test } from 'vitest';
import { rowWidth } from '../../src/report/rows.js';
import { createStyle } from '../../src/report/style.js';
import { bar } from '../../src/tui/bar.js';
import { curve } from '../../src/tui/braille.js';
import { reduceMerge } from '../../src/tui/merge-state.js';
import { panelLines } from '../../src/tui/panel.js';
import { createTheme } from '../../src/tui/theme.js';
import { throughput, throughputRows } from '../../src/tui/throughput.js';

const theme = createTheme(createStyle({ colour: false, unicode: true }));
const ascii = createTheme(createStyle({ colour: false, unicode: false }));
const textOf = (row: readonly { readonly text: string }[]) => row.map(({ text }) => text).join('');

describe('a bar', () => {
  test.each([
    [0, 4, '░░░░'],
    [0.5, 4, '██░░'],
    [1, 4, '████'],
    [0.5, 5, '██▌░░'],
    [7, 3, '███'],
    [-1, 3, '░░░'],
    [0.5, 0, ''],
    [0.5, -3, ''],
  ])('of %d in %i columns', (fraction, width, expected) => {
    expect(textOf(bar(fraction, width, theme))).toBe(expected);
  });

  test('always has its width', () => {
    for (let step = 0; step <= 100; step += 1) {
      expect(rowWidth(bar(step / 100, 13, theme))).toBe(13);
      expect(rowWidth(bar(step / 100, 13, ascii))).toBe(13);
    }
  });
});

describe('a curve', () => {
  test('puts a dot where the value is', () => {
    expect(curve([0, 1], 1, 1, 1, theme)).toEqual([String.fromCodePoint(0x2800 + 0x40 + 0x08 + 0x10 + 0x20)]);
    expect(curve([1, 1, 0, 0], 1, 2, 1, theme)[0]?.[0]).toBe(String.fromCodePoint(0x2800 + 0x01 + 0x08));
    expect(curve([2, 2], 2, 1, 3, theme).map((line) => line !== ' ')).toEqual([true, false, false]);
  });

  test('leaves gaps open', () => {
    expect(curve([null, null, 1, 1], 1, 2, 1, theme)).toEqual([` ${String.fromCodePoint(0x2809)}`]);
    expect(curve([1, null, null, 0], 1, 2, 1, theme)).toEqual([String.fromCodePoint(0x2801, 0x2880)]);
  });

  test('has an ASCII form', () => {
    expect(curve([0, 1, 1], 1, 3, 2, ascii)).toEqual([' **', '*  ']);
  });

  test('survives a flat line at nought', () => {
    expect(curve([0, 0], 0, 1, 2, theme)).toEqual([' ', String.fromCodePoint(0x2800 + 0x40 + 0x80)]);
  });
});

describe('throughput', () => {
  const points = [
    { seconds: 0, bytes: 0 },
    { seconds: 1, bytes: 100 },
    { seconds: 3, bytes: 100 },
    { seconds: 4, bytes: 500 },
  ];

  test('is bytes over time', () => {
    expect(throughput(points, 4)).toEqual([100, 0, 0, 400]);
    expect(throughput(points, 1)).toEqual([125]);
  });

  test.each([2, 3, 7, 100])('loses no byte in %i parts', (parts) => {
    const total = throughput(points, parts).reduce((sum, rate) => sum + (rate * 4) / parts, 0);
    expect(total).toBeCloseTo(500, 9);
  });

  test('is drawn with its units, and not at all before there is any', () => {
    let merge = reduceMerge(null, { type: 'merge-started', v: 1, ts: 0, bytesTotal: 8_000_000, tensorsTotal: 4 });
    expect(throughputRows(merge, 60, 8, theme)).toEqual([]);
    for (let step = 1; step <= 8; step += 1) {
      merge = reduceMerge(merge, {
        type: 'merge-progress',
        v: 1,
        ts: 500 * step,
        bytesDone: 1_000_000 * step,
        tensorsDone: 0,
        tensor: '',
        memory: 0,
      });
    }
    const rows = throughputRows(merge, 60, 8, theme);
    expect(rows).toHaveLength(8);
    expect(textOf(rows[0] ?? [])).toMatch(/^2\.00 MB\/s│/);
    expect(textOf(rows.at(-1) ?? [])).toMatch(/╰─+ 4\.0 s$/);
    for (const row of rows) expect(rowWidth(row)).toBeLessThanOrEqual(60);
  });
});

test('a panel has exactly its size, and says what it hides', () => {
  const rows = Array.from({ length: 9 }, (_, index) => [{ text: `行 ${index}` }]);
  const lines = panelLines(
    { title: 'a title that is longer than the panel', rows, width: 20, height: 5, offset: 99 },
    theme,
  );
  expect(lines).toHaveLength(5);
  for (const line of lines) expect(rowWidth([{ text: line }])).toBe(20);
  expect(lines[1]).toContain('行 6');
  expect(lines[4]).toContain('7-9 of 9');
});
