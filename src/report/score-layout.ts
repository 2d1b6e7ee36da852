import { fittingNames, shortNames } from './model-names.js';
import { displayWidth, padEnd, type Row, rowWidth, span, truncate } from './rows.js';
import { type Column, type ColumnFormat, renderColumn } from './score-cells.js';
import type { GridRow } from './score-grid.js';
import type { Style } from './style.js';

/** Models down, columns across; a merge has a second line, for its differences. */
export type Table = {
  readonly head: string;
  readonly rows: readonly Pick<GridRow, 'model' | 'role'>[];
  readonly columns: readonly Column[];
};

type Layout = ColumnFormat & { readonly roles: boolean; readonly name: number };

/** From roomy to tight: the first that fits is taken. `name` is what a model's name must at least keep. */
const layouts: readonly Layout[] = [
  { gap: 2, errors: true, title: 40, roles: true, name: 60 },
  { gap: 2, errors: true, title: 14, roles: true, name: 24 },
  { gap: 1, errors: true, title: 0, roles: true, name: 16 },
  { gap: 0, errors: true, title: 0, roles: true, name: 12 },
  { gap: 0, errors: true, title: 0, roles: false, name: 12 },
  { gap: 2, errors: false, title: 12, roles: false, name: 12 },
  { gap: 1, errors: false, title: 10, roles: false, name: 12 },
  { gap: 1, errors: false, title: 0, roles: false, name: 12 },
  { gap: 0, errors: false, title: 0, roles: false, name: 8 },
];

const roleWidth = 7;

const labelRows = ({ head, rows }: Table, layout: Layout, width: number, style: Style): Row[] => {
  const room = width - (layout.roles ? roleWidth : 0);
  const { ellipsis } = style.glyphs;
  const names = fittingNames(
    rows.map(({ model }) => model),
    room,
    ellipsis,
  );
  const label = (role: string, name: string, strong: boolean): Row => [
    ...(layout.roles ? [span(padEnd(role, roleWidth), 'muted')] : []),
    span(padEnd(truncate(name, room, ellipsis), room), strong ? 'strong' : undefined),
  ];
  return [
    [span(padEnd(truncate(head, width, ellipsis), width), 'strong')],
    [span(' '.repeat(width))],
    ...rows.flatMap(({ role }, index) => {
      const own = label(role, names[index] ?? '', role === 'merge');
      if (role !== 'merge') return [own];
      return [own, label('', `${style.glyphs.delta} best${room < 14 ? '' : ' parent'}`, false)];
    }),
  ];
};

const joined = (labels: readonly Row[], columns: readonly (readonly Row[])[]): Row[] =>
  labels.map((label, line) => [label, ...columns.map((column) => column[line] ?? [])].flat());

const block = (
  table: Table,
  layout: Layout,
  columns: readonly (readonly Row[])[],
  width: number,
  style: Style,
): Row[] => {
  const used = columns.reduce((sum, column) => sum + rowWidth(column[0] ?? []), 0);
  const names = shortNames(table.rows.map(({ model }) => model));
  const longest = Math.max(14, ...names.map(displayWidth)) + (layout.roles ? roleWidth : 0);
  const rows = joined(labelRows(table, layout, Math.max(1, Math.min(longest, width - used)), style), columns);
  // The second head line counts items; without counts it would be blank.
  return rows.filter((row, line) => line !== 1 || row.some(({ text }) => text.trim() !== ''));
};

/** Several tables below each other, for more columns than the width can hold. */
const blocks = (table: Table, width: number, style: Style): Row[] => {
  const layout = { gap: 1, errors: width >= 24, title: 0, roles: false, name: Math.min(12, Math.floor(width / 2)) };
  const rendered = table.columns.map((column) => renderColumn(column, layout, style));
  const groups: Row[][][] = [[]];
  let used = layout.name;
  for (const column of rendered) {
    const needed = rowWidth(column[0] ?? []);
    if (used + needed > width && groups.at(-1)?.length !== 0) {
      groups.push([]);
      used = layout.name;
    }
    groups.at(-1)?.push(column);
    used += needed;
  }
  return groups.flatMap((group, index) => [...(index === 0 ? [] : [[]]), ...block(table, layout, group, width, style)]);
};

/** The table in the roomiest layout that fits. */
export const tableRows = (table: Table, style: Style, width: number): Row[] => {
  const { rows, columns } = table;
  if (rows.length === 0) return [];
  const longest = Math.max(...shortNames(rows.map(({ model }) => model)).map(displayWidth));
  for (const layout of layouts) {
    const rendered = columns.map((column) => renderColumn(column, layout, style));
    const used = rendered.reduce((sum, column) => sum + rowWidth(column[0] ?? []), 0);
    const needed = Math.min(longest, layout.name) + (layout.roles ? roleWidth : 0);
    if (used + needed <= width) return block(table, layout, rendered, width, style);
  }
  return blocks(table, width, style);
};
