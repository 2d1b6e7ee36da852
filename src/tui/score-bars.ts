import type { Estimate } from '../evaluation/statistics.js';
import { formatScore } from '../format.js';
import { fittingNames } from '../report/model-names.js';
import { displayWidth, padEnd, padStart, type Row, rowWidth, span } from '../report/rows.js';
import { bestRows, type ScoreGrid } from '../report/score-grid.js';
import { bar } from './bar.js';
import type { Theme } from './theme.js';

const narrowest = 36;
const gap = 3;

type Group = { readonly title: string; readonly values: readonly (Estimate | null)[] };

const groupRows = ({ title, values }: Group, names: readonly string[], width: number, theme: Theme): Row[] => {
  const nameWidth = Math.max(...names.map(displayWidth));
  const best = bestRows(values);
  return [
    [span(title, 'strong')],
    ...values.map(
      (value, index): Row => [
        span(`${padEnd(names[index] ?? '', nameWidth)} `),
        ...bar(value?.value ?? 0, width - nameWidth - 8, theme, best.has(index) ? 'good' : 'accent'),
        span(padStart(value === null ? theme.glyphs.dot : formatScore(value.value), 6)),
        span(best.has(index) ? '*' : ' ', 'good'),
      ],
    ),
  ];
};

const beside = (blocks: readonly (readonly Row[])[], width: number): Row[] => {
  const height = Math.max(...blocks.map(({ length }) => length));
  return Array.from({ length: height }, (_, line) =>
    blocks.flatMap((block, index) => {
      const row = block[line] ?? [];
      const fill = index === blocks.length - 1 ? 0 : width - rowWidth(row) + gap;
      return [...row, span(' '.repeat(Math.max(0, fill)))];
    }),
  );
};

/** Bars of the mean and of each task, a group of models each, as many groups as there is room for. */
export const scoreBarRows = ({ tasks, rows }: ScoreGrid, width: number, height: number, theme: Theme): Row[] => {
  if (rows.length === 0) return [];
  const groups: Group[] = [
    { title: 'mean of all tasks', values: rows.map(({ mean }) => mean) },
    ...tasks.flatMap(({ name, predictionsOnly }, task) =>
      predictionsOnly ? [] : [{ title: name, values: rows.map(({ scores }) => scores[task] ?? null) }],
    ),
  ];
  const across = Math.max(1, Math.min(groups.length, Math.floor((width + gap) / (narrowest + gap))));
  const down = Math.floor((height + 1) / (rows.length + 2));
  const columnWidth = Math.floor((width + gap) / across) - gap;
  const names = fittingNames(
    rows.map(({ model }) => model),
    Math.max(8, Math.floor(columnWidth / 3)),
    theme.glyphs.ellipsis,
  );
  const blocks = groups.slice(0, across * down).map((group) => groupRows(group, names, columnWidth, theme));
  return Array.from({ length: Math.ceil(blocks.length / across) }, (_, line) => [
    ...(line === 0 ? [] : [[]]),
    ...beside(blocks.slice(line * across, (line + 1) * across), columnWidth),
  ]).flat();
};
