import { memo } from 'react';
import { paintRow, type Row, span, wrapWords } from '../report/rows.js';
import { gridOfScoreboard } from '../report/score-grid.js';
import { scoreGridRows, verdictRows } from '../report/score-table.js';
import { bar } from './bar.js';
import { gridOfEvaluation } from './evaluation-state.js';
import { evaluationLine } from './evaluation-view.js';
import { statusSpans } from './header-view.js';
import { Lines } from './lines.js';
import { mergeLine } from './merge-view.js';
import { planLine } from './plan-view.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';

const stageRow = (name: string, fraction: number, text: string, width: number, theme: Theme): Row => [
  span(`${name}  `, 'muted'),
  ...bar(fraction, Math.min(12, width - 20), theme),
  span(` ${text}`),
];

const progressRows = (state: DashboardState, width: number, theme: Theme): Row[] => {
  const { plan, merge, evaluation } = state;
  return [
    ...(plan === null ? [] : [[span('plan   ', 'muted'), span(planLine(plan))]]),
    ...(merge === null ? [] : [stageRow('merge', merge.fraction, mergeLine(merge), width, theme)]),
    ...(evaluation === null ? [] : [stageRow('score', evaluation.fraction, evaluationLine(evaluation), width, theme)]),
  ];
};

/** Everything that matters in one pane without frames, the most important first. */
export const tinyRows = (state: DashboardState, now: number, width: number, theme: Theme): Row[] => {
  const { ellipsis } = theme.glyphs;
  const { failure, scoreboard, evaluation, log } = state;
  const status: Row = [...statusSpans(state, now, theme), span(`  ${state.title}`, 'strong')];
  if (failure !== null) {
    const told = [failure.message, ...(failure.hint === null ? [] : [failure.hint])];
    const rows = told.flatMap((text) => wrapWords(text, width, ellipsis)).map((line): Row => [span(line)]);
    return [status, ...rows, ...progressRows(state, width, theme)];
  }
  if (scoreboard !== null) {
    const grid = gridOfScoreboard(scoreboard);
    return [status, ...scoreGridRows(grid, theme, width), ...verdictRows(grid, theme, width)];
  }
  const scores = evaluation === null ? [] : scoreGridRows(gridOfEvaluation(evaluation), theme, width);
  const news: Row[] = evaluation === null && log.length > 0 ? [[span(log.at(-1)?.message ?? '', 'muted')]] : [];
  return [status, ...progressRows(state, width, theme), ...scores, ...news];
};

type Props = {
  readonly state: DashboardState;
  readonly now: number;
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly theme: Theme;
};

export const TinyView = memo(({ state, now, width, height, offset, theme }: Props) => {
  const rows = tinyRows(state, now, width, theme).slice(offset, offset + height);
  return <Lines width={width} lines={rows.map((row) => paintRow(row, theme, width))} />;
});
