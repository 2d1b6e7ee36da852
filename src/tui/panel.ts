import { displayWidth, fitRow, inert, paintRow, type Row, rowWidth, trimRow, truncate } from '../report/rows.js';
import type { Theme } from './theme.js';

export type PanelOptions = {
  readonly title: string;
  readonly rows: readonly Row[];
  readonly width: number;
  /** Lines in all, the frame's two included. */
  readonly height: number;
  /** First row shown, if not all fit. */
  readonly offset?: number;
};

/** Columns and lines that a frame leaves for what is in it. */
export const innerWidth = (width: number): number => Math.max(0, width - 4);
export const innerHeight = (height: number): number => Math.max(0, height - 2);

/** The first row to show so that nothing is scrolled past the end. */
export const clampOffset = (offset: number, rows: number, height: number): number =>
  Math.max(0, Math.min(offset, rows - innerHeight(height)));

const edge = (left: string, right: string, text: string, width: number, theme: Theme): string => {
  const { across } = theme.shapes.frame;
  const label = text === '' ? '' : ` ${truncate(inert(text), Math.max(0, width - 6), theme.glyphs.ellipsis)} `;
  const rest = across.repeat(Math.max(0, width - 3 - displayWidth(label)));
  return (
    theme.paint(`${left}${across}`, 'muted') + theme.paint(label, 'heading') + theme.paint(`${rest}${right}`, 'muted')
  );
};

/** A framed panel as lines of exactly `width` columns; only its rows where there is no room for a frame. */
export const panelLines = ({ title, rows, width, height, offset = 0 }: PanelOptions, theme: Theme): string[] => {
  if (height < 3 || width < 8) return rows.slice(offset, offset + height).map((row) => paintRow(row, theme, width));
  const { topLeft, topRight, bottomLeft, bottomRight, down } = theme.shapes.frame;
  const first = clampOffset(offset, rows.length, height);
  const shown = rows.slice(first, first + innerHeight(height));
  const hidden = rows.length - shown.length;
  const place = hidden > 0 ? `${first + 1}-${first + shown.length} of ${rows.length}` : '';
  const wall = theme.paint(down, 'muted');
  const body = Array.from({ length: innerHeight(height) }, (_, index) => {
    const row = trimRow(fitRow(shown[index] ?? [], innerWidth(width), theme.glyphs.ellipsis));
    return `${wall} ${paintRow(row, theme)}${' '.repeat(innerWidth(width) - rowWidth(row))} ${wall}`;
  });
  return [edge(topLeft, topRight, title, width, theme), ...body, edge(bottomLeft, bottomRight, place, width, theme)];
};
