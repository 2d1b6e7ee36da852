import type { Scoreboard } from '../events.js';
import { formatScore } from '../format.js';
import { shortNames } from './model-names.js';
import { displayWidth, paintRow, type Row, span, wrapWords } from './rows.js';
import { columnsOf, gainColumnsOf } from './score-cells.js';
import { gridOfScoreboard, type ScoreGrid } from './score-grid.js';
import { tableRows } from './score-layout.js';
import type { Style } from './style.js';

/** The table's rows: models down, tasks across, differences of a merge on a line of their own. */
export const scoreGridRows = (grid: ScoreGrid, style: Style, width: number): Row[] =>
  tableRows({ head: 'model', rows: grid.rows, columns: columnsOf(grid, style) }, style, width);

/** What the marks of the table mean, on one line where that is possible. */
export const legendRows = (style: Style, width: number): Row[] => {
  const { plusMinus, minus, dot, ellipsis } = style.glyphs;
  const short = ['in %', '* best', `gain = merge ${minus} this model`, `${plusMinus} standard error`].join(` ${dot} `);
  const long = `${short}, paired for differences`;
  const text = displayWidth(long) <= width ? long : short;
  return wrapWords(text, width, ellipsis).map((line) => [span(line, 'muted')]);
};

/** What the table cannot show: tasks without targets, and what the merge kept of each specialist's gain. */
export const noteRows = ({ tasks, rows }: ScoreGrid, style: Style, width: number): Row[] => {
  const { plusMinus, dot, ellipsis } = style.glyphs;
  const untold = tasks.filter(({ predictionsOnly }) => predictionsOnly).map(({ name }) => name);
  const names = shortNames(rows.map(({ model }) => model));
  const kept = rows.flatMap(({ kept: share }, index) => {
    if (share === null) return [];
    const error = share.error === null ? '' : ` ${plusMinus}${formatScore(share.error)}`;
    const where = names[index] === share.task ? '' : ` on ${share.task}`;
    return [`${names[index]}${where} ${formatScore(share.share)}${error} %`];
  });
  return [
    ...(untold.length === 0 ? [] : [`predictions only, no targets to score: ${untold.join(', ')}`]),
    ...(kept.length === 0 ? [] : [`kept of what each model gained over the base: ${kept.join(` ${dot} `)}`]),
  ].flatMap((text) => wrapWords(text, width, ellipsis).map((line): Row => [span(line)]));
};

/** A second table: what the merge has more than every other model, task by task; none before that is known. */
export const gainRows = (grid: ScoreGrid, style: Style, width: number): Row[] => {
  const rows = grid.rows.filter(({ role }) => role !== 'merge');
  if (!rows.some(({ gains }) => gains.some((gain) => gain !== null))) return [];
  return tableRows({ head: `merge ${style.glyphs.minus}`, rows, columns: gainColumnsOf(grid, style) }, style, width);
};

export const verdictRows = (grid: ScoreGrid, style: Style, width: number): Row[] =>
  wrapWords(grid.verdict ?? '', width, style.glyphs.ellipsis).map((line) => [span(line, 'strong')]);

/** The final table with its legend and verdict as text that ends with a newline. */
export const renderScores = (scoreboard: Scoreboard, style: Style, width: number): string => {
  const grid = gridOfScoreboard(scoreboard);
  const gains = gainRows(grid, style, width);
  return [
    ...scoreGridRows(grid, style, width),
    ...(gains.length === 0 ? [] : [[], ...gains]),
    ...legendRows(style, width),
    ...noteRows(grid, style, width),
    ...verdictRows(grid, style, width),
  ]
    .map((row) => `${paintRow(row, style, width)}\n`)
    .join('');
};
