import type { RowMap } from '../protocol/plan.js';
import type { Holder } from '../tokenizer/align-rows.js';
import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import { isIdentity } from '../tokenizer/row-map.js';

/** Index of the row map of each model, for a tensor of these holders; models whose rows stay as they are have none. */
export type RowsFor = (holders: readonly Holder[]) => ReadonlyMap<number, number>;

/** The row maps that steps refer to, each once. */
export type RowMapTable = {
  readonly rowMaps: RowMap[];
  /** Rows brought to the vocabulary of the output. */
  readonly aligned: RowsFor;
  /** Only the first `rows` rows. */
  readonly cropped: (rows: number) => RowsFor;
};

export const rowMapTable = (tokenizer: TokenizerPlan | null): RowMapTable => {
  const rowMaps: RowMap[] = [];
  const known = new Map<string, ReadonlyMap<number, number>>();
  const crops = new Map<number, number>();
  const make = (holders: readonly Holder[]): ReadonlyMap<number, number> => {
    const maps = tokenizer?.rowMapsAmong(holders) ?? [];
    return new Map(
      holders.flatMap(({ model, rows }, index) => {
        const map = maps[index];
        return map === undefined || isIdentity(map, rows) ? [] : [[model, rowMaps.push(map) - 1] as const];
      }),
    );
  };
  const cropTo = (rows: number): number => {
    const map = { rows, runs: [{ to: 0, source: 0, count: rows }], fills: [], padding: 0 };
    const index = crops.get(rows) ?? rowMaps.push(map) - 1;
    crops.set(rows, index);
    return index;
  };
  return {
    rowMaps,
    aligned: (holders) => {
      const key = holders.map(({ model, rows }) => `${model}:${rows}`).join();
      const found = known.get(key) ?? make(holders);
      known.set(key, found);
      return found;
    },
    cropped: (rows) => (holders) =>
      new Map(holders.flatMap((holder) => (holder.rows === rows ? [] : [[holder.model, cropTo(rows)] as const]))),
  };
};
