import { memo } from 'react';
import { formatDuration } from '../format.js';
import { displayWidth, fitRow, inert, padEnd, paintRow, type Row, rowWidth, span, truncate } from '../report/rows.js';
import type { Role } from '../report/style.js';
import { Lines } from './lines.js';
import { type DashboardState, elapsedSeconds, hasEnded, type Phase, silentSeconds } from './state.js';
import type { Theme } from './theme.js';

const phaseWords: Record<Phase, string> = {
  starting: 'planning',
  planned: 'planned',
  worker: 'starting the worker',
  merging: 'merging',
  evaluating: 'evaluating',
  finished: 'finished',
  failed: 'failed',
};

const patienceSeconds = 5;

/** What the run is doing, as a sign, a word and a colour: the word alone is enough. */
export const statusSpans = (state: DashboardState, now: number, theme: Theme): Row => {
  const { glyphs, shapes } = theme;
  const elapsed = formatDuration(elapsedSeconds(state, now));
  if (hasEnded(state)) {
    const good = state.phase === 'finished';
    const role: Role = good ? 'good' : 'bad';
    return [
      span(`${good ? glyphs.done : glyphs.failed} ${phaseWords[state.phase]}`, role),
      span(` ${glyphs.dot} ${elapsed}`),
    ];
  }
  const turn = shapes.spinner[Math.floor(now / 500) % shapes.spinner.length] ?? '';
  const word = state.cancelling === null ? phaseWords[state.phase] : 'stopping';
  const silent = silentSeconds(state, now);
  const waiting = silent > patienceSeconds ? `, no news for ${formatDuration(silent)}` : '';
  return [
    span(`${turn} ${word}`, state.cancelling === null ? 'accent' : 'warning'),
    span(`${waiting} ${glyphs.dot} ${elapsed}`),
  ];
};

/** Left and right parts of one line; the right one is kept when both do not fit. */
export const between = (left: Row, right: Row, width: number, ellipsis: string): Row => {
  const room = Math.max(0, width - rowWidth(right) - 2);
  const kept = fitRow(left, room, ellipsis);
  return [...kept, span(' '.repeat(Math.max(1, width - rowWidth(kept) - rowWidth(right)))), ...right];
};

export const headerRows = (state: DashboardState, now: number, width: number, theme: Theme): Row[] => {
  const { ellipsis, arrow } = theme.glyphs;
  const name: Row = [span(` amalgam ${state.version}`.trimEnd(), 'heading'), span(`  ${state.title}`, 'strong')];
  const places = [state.recipe, state.output].filter((place) => place !== null).map(inert);
  const route = places.join(` ${arrow} `);
  return [
    between(name, [...statusSpans(state, now, theme), span(' ')], width, ellipsis),
    [span(padEnd(` ${truncate(route, width - 2, ellipsis)}`, Math.min(width, displayWidth(route) + 1)), 'muted')],
  ];
};

type Props = { readonly state: DashboardState; readonly now: number; readonly width: number; readonly theme: Theme };

export const HeaderView = memo(({ state, now, width, theme }: Props) => (
  <Lines width={width} lines={headerRows(state, now, width, theme).map((row) => paintRow(row, theme, width))} />
));
