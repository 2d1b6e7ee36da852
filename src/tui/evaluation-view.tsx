import { memo } from 'react';
import type { Scoreboard } from '../events.js';
import { formatCount, formatScore } from '../format.js';
import { padStart, type Row, span } from '../report/rows.js';
import { gridOfScoreboard } from '../report/score-grid.js';
import { gainRows, legendRows, noteRows, scoreGridRows, verdictRows } from '../report/score-table.js';
import { bar } from './bar.js';
import { cellOf, type EvaluationState, gridOfEvaluation } from './evaluation-state.js';
import { Lines } from './lines.js';
import { etaText } from './merge-view.js';
import { innerHeight, innerWidth, panelLines } from './panel.js';
import { scoreBarRows } from './score-bars.js';
import type { Theme } from './theme.js';

const nowRow = (evaluation: EvaluationState, theme: Theme): Row => {
  const { current } = evaluation;
  const cell = current === null ? null : cellOf(evaluation, current.model, current.task);
  if (current === null || cell === null) return [span('waiting for the first scores', 'muted')];
  const error = cell.standardError === null ? '' : ` ${theme.glyphs.plusMinus}${formatScore(cell.standardError)}`;
  return [
    span('now  ', 'muted'),
    span(current.model, 'strong'),
    span(` ${theme.glyphs.dot} ${current.task}  ${formatCount(cell.done)}/${formatCount(cell.total)}  `),
    span(cell.mean === null ? 'predictions' : `${formatScore(cell.mean)}${error}`, 'accent'),
  ];
};

const progressRows = (evaluation: EvaluationState, width: number, theme: Theme): Row[] => {
  const tail = ` ${padStart(String(Math.floor(100 * evaluation.fraction)), 3)} %  ${etaText(evaluation.eta)}`;
  return [[...bar(evaluation.fraction, width - 22, theme), span(tail, 'strong')], nowRow(evaluation, theme)];
};

/** The evaluation in one line, for when there are more important things. */
export const evaluationLine = (evaluation: EvaluationState): string =>
  [`${Math.floor(100 * evaluation.fraction)} %`, etaText(evaluation.eta)].filter(Boolean).join(', ');

/** Progress while it runs, the table, what is said of it, and bars where there is room. */
export const evaluationRows = (
  evaluation: EvaluationState | null,
  scoreboard: Scoreboard | null,
  width: number,
  height: number,
  theme: Theme,
): Row[] => {
  if (scoreboard === null && evaluation === null) return [];
  const grid = scoreboard === null ? gridOfEvaluation(evaluation as EvaluationState) : gridOfScoreboard(scoreboard);
  const progress = scoreboard === null && evaluation !== null ? progressRows(evaluation, width, theme) : [];
  const told = [
    ...progress,
    ...scoreGridRows(grid, theme, width),
    ...verdictRows(grid, theme, width),
    ...gainRows(grid, theme, width),
    ...noteRows(grid, theme, width),
  ];
  const legend = legendRows(theme, width);
  const table = told.length + legend.length <= height ? [...told, ...legend] : told;
  const room = height - table.length;
  const bars = scoreBarRows(grid, width, room, theme);
  return bars.length > 0 ? [...table, ...(bars.length < room ? [[]] : []), ...bars] : table;
};

type Props = {
  readonly evaluation: EvaluationState | null;
  readonly scoreboard: Scoreboard | null;
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly theme: Theme;
};

export const EvaluationView = memo(({ evaluation, scoreboard, width, height, offset, theme }: Props) => {
  const rows = evaluationRows(evaluation, scoreboard, innerWidth(width), innerHeight(height), theme);
  return <Lines width={width} lines={panelLines({ title: 'scores', rows, width, height, offset }, theme)} />;
});
