import type { RowMap } from '../../src/protocol/plan.js';

/** A vocabulary tensor as rows of numbers. */
export type Matrix = readonly (readonly number[])[];

const mean = (rows: readonly (readonly number[])[], width: number): number[] =>
  Array.from({ length: width }, (_, column) =>
    rows.length === 0 ? 0 : rows.reduce((sum, row) => sum + (row[column] ?? Number.NaN), 0) / rows.length,
  );

/** A model's matrix brought to the output's vocabulary as `map` says; fails where rows are left out or given twice. */
export const applyRowMap = (map: RowMap, model: number, matrices: readonly Matrix[]): Matrix => {
  const width = matrices[model]?.[0]?.length ?? 0;
  const result: (readonly number[])[] = [];
  const put = (to: number, row: readonly number[] | undefined): void => {
    if (row === undefined) throw new Error(`row ${to} comes from a row that does not exist`);
    if (result[to] !== undefined) throw new Error(`row ${to} has two origins`);
    result[to] = row;
  };
  for (const { to, source, count } of map.runs) {
    for (let offset = 0; offset < count; offset++) put(to + offset, matrices[model]?.[source + offset]);
  }
  for (const { to, count, sources } of map.fills) {
    for (let offset = 0; offset < count; offset++) {
      const rows = sources.map(({ model: other, row }) => matrices[other]?.[row + offset] ?? [Number.NaN]);
      put(to + offset, mean(rows, width));
    }
  }
  const real = map.rows - map.padding;
  for (let id = 0; id < real; id++) if (result[id] === undefined) throw new Error(`row ${id} has no origin`);
  if (result.length > real) throw new Error('a row of the padding has an origin');
  const padding = mean(result, width);
  return [...result, ...Array.from({ length: map.padding }, () => padding)];
};
