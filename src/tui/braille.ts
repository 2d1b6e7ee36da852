import type { Theme } from './theme.js';

/** Bits of the 2 by 4 dots of a braille cell, by row and column. */
const dots = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
];

/** Row of a value among `rows`, 0 at the top, for values from 0 to `top`. */
const rowOf = (value: number, top: number, rows: number): number =>
  Math.min(rows - 1, Math.max(0, Math.round((1 - value / top) * (rows - 1))));

/** Rows that column `x` marks: its own and those that lead from the column before; a gap is never joined. */
const marksOf = (values: readonly (number | null)[], x: number, top: number, rows: number): number[] => {
  const value = values[x] ?? null;
  if (value === null) return [];
  const row = rowOf(value, top, rows);
  const before = values[x - 1] ?? null;
  if (before === null) return [row];
  const from = rowOf(before, top, rows);
  const step = Math.sign(row - from);
  const marks = [row];
  for (let between = from + step; between !== row && step !== 0; between += step) marks.push(between);
  return marks;
};

/** How many values a curve of `width` columns shows. */
export const valuesAcross = (width: number, theme: Theme): number => (theme.shapes.braille ? 2 * width : width);

/** A curve over `width` by `height` cells; `values` has `valuesAcross` entries, null where nothing is known. */
export const curve = (
  values: readonly (number | null)[],
  top: number,
  width: number,
  height: number,
  theme: Theme,
): string[] => {
  const { braille } = theme.shapes;
  const rows = braille ? 4 * height : height;
  const cells = Array.from({ length: height }, () => new Array<number>(width).fill(0));
  for (let x = 0; x < values.length; x += 1) {
    for (const row of marksOf(values, x, top > 0 ? top : 1, rows)) {
      const line = cells[braille ? row >> 2 : row];
      const column = braille ? x >> 1 : x;
      if (line !== undefined) line[column] = (line[column] ?? 0) | (braille ? (dots[row & 3]?.[x & 1] ?? 0) : 1);
    }
  }
  const glyph = (bits: number): string => (bits === 0 ? ' ' : braille ? String.fromCodePoint(0x2800 + bits) : '*');
  return cells.map((line) => line.map(glyph).join(''));
};
