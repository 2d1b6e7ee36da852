import { memo } from 'react';
import type { Fault } from '../events.js';
import { type Failure, failureRows } from '../report/failure.js';
import { faultsRows } from '../report/fault.js';
import { type Row, rowWidth, span, wrapWords } from '../report/rows.js';
import { Lines } from './lines.js';
import { innerWidth, panelLines } from './panel.js';
import type { Theme } from './theme.js';

/** Long sentences are broken, since a full screen cannot be scrolled sideways. */
const wrapped = (row: Row, width: number, ellipsis: string): Row[] => {
  if (rowWidth(row) <= width || /^ *\d* \|/.test(row[0]?.text ?? '')) return [row];
  const [first, ...rest] = wrapWords(row.map(({ text }) => text).join(''), width, ellipsis);
  const role = row.at(-1)?.role;
  return [[span(first ?? '', row[0]?.role)], ...rest.map((line): Row => [span(line, role)])];
};

/** Why the run ended and every fault found. */
export const failurePanelRows = (
  failure: Failure | null,
  faults: readonly Fault[],
  width: number,
  theme: Theme,
): Row[] => {
  const inner = innerWidth(width);
  const told = failure === null ? [] : failureRows(failure);
  const found = faultsRows(faults, theme, inner);
  const rows = [...told, ...(told.length > 0 && found.length > 0 ? [[]] : []), ...found];
  return rows.flatMap((row) => wrapped(row, inner, theme.glyphs.ellipsis));
};

type Props = {
  readonly failure: Failure | null;
  readonly faults: readonly Fault[];
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly theme: Theme;
};

export const FailureView = memo(({ failure, faults, width, height, offset, theme }: Props) => {
  const title = failure === null ? 'warnings' : 'what went wrong';
  const rows = failurePanelRows(failure, faults, width, theme);
  return <Lines width={width} lines={panelLines({ title, rows, width, height, offset }, theme)} />;
});
