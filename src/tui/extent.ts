import { keys } from './keys.js';
import { bodyHeight, focusOf, layoutOf, rowsWanted, sizeClass } from './layout.js';
import { innerHeight } from './panel.js';
import type { Size } from './screen.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';
import { tinyRows } from './tiny-view.js';
import type { Extent, Ui } from './ui.js';

/** How many rows the panel that scrolls has, and how many it shows. */
export const extentOf = (state: DashboardState, ui: Ui, size: Size, now: number, theme: Theme): Extent => {
  const tiny = sizeClass(size) === 'tiny';
  const whole = tiny ? Math.max(1, size.rows - 2) : bodyHeight(size);
  if (ui.overlay === 'help') return { rows: keys.length, height: innerHeight(whole) };
  if (ui.log) return { rows: state.log.length, height: innerHeight(whole) };
  if (tiny) return { rows: tinyRows(state, now, size.columns, theme).length, height: whole };
  const focus = focusOf(state);
  const region = layoutOf(state, size, theme)
    .columns.flat()
    .find(({ panel }) => panel === focus);
  if (region === undefined || focus === 'log') return { rows: 0, height: 0 };
  const { width, height } = region;
  return { rows: rowsWanted(focus, state, width, height, theme), height: innerHeight(height) };
};
