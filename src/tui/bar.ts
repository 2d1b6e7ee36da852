import { type Row, span } from '../report/rows.js';
import type { Role } from '../report/style.js';
import type { Theme } from './theme.js';

/** A bar of `width` columns, filled to `fraction`, to an eighth of a column where the terminal can show it. */
export const bar = (fraction: number, width: number, theme: Theme, role: Role = 'accent'): Row => {
  const { blocks, track } = theme.shapes;
  const whole = Math.max(0, Math.floor(width));
  const steps = Math.round(Math.min(1, Math.max(0, fraction)) * whole * blocks.length);
  const full = Math.floor(steps / blocks.length);
  const rest = steps % blocks.length;
  const filled = (blocks.at(-1) ?? '').repeat(full) + (rest > 0 ? (blocks[rest - 1] ?? '') : '');
  return [span(filled, role), span(track.repeat(whole - full - (rest > 0 ? 1 : 0)), 'muted')];
};
