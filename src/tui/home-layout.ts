import { bodyHeight, sizeClass } from './layout.js';
import type { Size } from './screen.js';

export type HomeLayout = {
  readonly beside: boolean;
  readonly list: Size;
  /** Null where there is room for the list only. */
  readonly preview: Size | null;
};

/** The list beside the plan where the terminal is wide, above it where not. */
export const homeLayout = (size: Size, recipes: number): HomeLayout => {
  const { columns } = size;
  const rows = bodyHeight(size);
  if (sizeClass(size) === 'tiny') return { beside: false, list: { columns, rows }, preview: null };
  if (columns >= 100) {
    const list = Math.max(36, Math.min(64, Math.floor(columns * 0.38)));
    return { beside: true, list: { columns: list, rows }, preview: { columns: columns - list, rows } };
  }
  const list = Math.max(3, Math.min(recipes + 2, Math.floor(rows * 0.4)));
  return { beside: false, list: { columns, rows: list }, preview: { columns, rows: rows - list } };
};

/** The first recipe shown, so that the chosen one is in view and near the middle. */
export const firstShown = (selected: number, recipes: number, height: number): number =>
  Math.max(0, Math.min(selected - Math.floor(height / 2), recipes - height));
