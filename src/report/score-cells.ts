import type { Estimate } from '../evaluation/statistics.js';
import { formatScore } from '../format.js';
import { displayWidth, inert, padEnd, padStart, type Row, span, truncate } from './rows.js';
import { bestRows, type ScoreGrid } from './score-grid.js';
import type { Role, Style } from './style.js';

/** One column of the table: its head and the texts of every line below it. */
export type Column = {
  readonly title: string;
  readonly items: string;
  /** By line of the table; a model takes one line, a merge a second one for its differences. */
  readonly cells: readonly Cell[];
};

type Cell = { readonly best: boolean; readonly value: string; readonly error: string; readonly role: Role | undefined };

const empty: Cell = { best: false, value: '', error: '', role: undefined };

const significance = ({ value, error }: Estimate): Role | undefined => {
  if (error === null || Math.abs(value) <= 2 * error) return undefined;
  return value > 0 ? 'good' : 'bad';
};

const errorText = (error: number | null, style: Style): string =>
  error === null ? '' : `${style.glyphs.plusMinus}${formatScore(error)}`;

const level = (entry: Estimate | null, best: boolean, style: Style): Cell =>
  entry === null
    ? { ...empty, value: style.glyphs.dot, role: 'muted' }
    : {
        best,
        value: formatScore(entry.value),
        error: errorText(entry.error, style),
        role: best ? 'good' : undefined,
      };

const difference = (entry: Estimate | null, style: Style): Cell => {
  if (entry === null) return { ...empty, value: style.glyphs.dash, role: 'muted' };
  const text = formatScore(entry.value);
  return {
    best: false,
    value: entry.value < 0 ? text : `+${text}`,
    error: errorText(entry.error, style),
    role: significance(entry),
  };
};

/** Columns of what the merge has more than each other model, by task and on average. */
export const gainColumnsOf = ({ tasks, rows }: ScoreGrid, style: Style): Column[] => {
  const others = rows.filter(({ role }) => role !== 'merge');
  return [
    ...tasks.map(({ name }, task) => ({
      title: inert(name),
      items: '',
      cells: others.map(({ gains }) => difference(gains[task] ?? null, style)),
    })),
    { title: 'mean', items: '', cells: others.map(({ gain }) => difference(gain, style)) },
  ];
};

/** Columns for every task, the mean over tasks, and what the merge gained. */
export const columnsOf = ({ tasks, rows }: ScoreGrid, style: Style): Column[] => {
  const withDeltas = (own: (index: number) => Cell, delta: (index: number) => Cell): Cell[] =>
    rows.flatMap(({ role }, index) => (role === 'merge' ? [own(index), delta(index)] : [own(index)]));
  const taskColumns = tasks.map(({ name, items }, task) => {
    const best = bestRows(rows.map(({ scores }) => scores[task] ?? null));
    return {
      title: inert(name),
      items: items === null ? '' : `n ${items}`,
      cells: withDeltas(
        (index) => level(rows[index]?.scores[task] ?? null, best.has(index), style),
        (index) => difference(rows[index]?.deltas[task] ?? null, style),
      ),
    };
  });
  const best = bestRows(rows.map(({ mean }) => mean));
  const meanColumn = {
    title: 'mean',
    items: '',
    cells: withDeltas(
      (index) => level(rows[index]?.mean ?? null, best.has(index), style),
      (index) => difference(rows[index]?.meanDelta ?? null, style),
    ),
  };
  const gainColumn = {
    title: 'gain',
    items: '',
    cells: withDeltas(
      (index) => (rows[index]?.role === 'merge' ? empty : difference(rows[index]?.gain ?? null, style)),
      () => empty,
    ),
  };
  return rows.some(({ gain }) => gain !== null)
    ? [...taskColumns, meanColumn, gainColumn]
    : [...taskColumns, meanColumn];
};

export type ColumnFormat = { readonly gap: number; readonly errors: boolean; readonly title: number };

/** A column's head, its items and its cells, all of one width (the gap before it included). */
export const renderColumn = ({ title, items, cells }: Column, format: ColumnFormat, style: Style): Row[] => {
  const errors = cells.map(({ error }) => (format.errors ? error : ''));
  const values = cells.map(({ best, value }) => `${best ? '*' : ' '}${value}`);
  const valueWidth = Math.max(...values.map(displayWidth));
  const errorWidth = Math.max(...errors.map(displayWidth));
  const content = valueWidth + (errorWidth > 0 ? 1 + errorWidth : 0);
  const name = truncate(title, Math.max(content - 1, format.title), style.glyphs.ellipsis);
  const width = Math.max(content, 1 + displayWidth(name), 1 + displayWidth(items));
  const gap = ' '.repeat(format.gap);
  return [
    [span(`${gap} ${padEnd(name, width - 1)}`, 'strong')],
    [span(`${gap} ${padEnd(items, width - 1)}`, 'muted')],
    ...cells.map(({ role }, index) => [
      span(gap + padStart(values[index] ?? '', valueWidth), role),
      span(padEnd(errorWidth > 0 ? ` ${padEnd(errors[index] ?? '', errorWidth)}` : '', width - valueWidth), 'muted'),
    ]),
  ];
};
