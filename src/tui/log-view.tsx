import { memo } from 'react';
import { padStart, type Row, span } from '../report/rows.js';
import type { Role } from '../report/style.js';
import { Lines } from './lines.js';
import { innerHeight, panelLines } from './panel.js';
import type { LogLine } from './state.js';
import type { Theme } from './theme.js';

const roles: Record<LogLine['level'], Role | undefined> = { info: undefined, warning: 'warning', error: 'bad' };

export const logRows = (log: readonly LogLine[]): Row[] =>
  log.map(({ at, level, message }) => [
    span(`${padStart(at.toFixed(1), 7)} s  `, 'muted'),
    span(level === 'info' ? message : `${level}: ${message}`, roles[level]),
  ]);

type Props = {
  readonly log: readonly LogLine[];
  readonly width: number;
  readonly height: number;
  /** First line shown; null keeps to the end. */
  readonly offset: number | null;
  readonly theme: Theme;
};

export const LogView = memo(({ log, width, height, offset, theme }: Props) => {
  const rows = logRows(offset === null ? log.slice(-Math.max(1, innerHeight(height))) : log);
  return <Lines width={width} lines={panelLines({ title: 'log', rows, width, height, offset: offset ?? 0 }, theme)} />;
});
