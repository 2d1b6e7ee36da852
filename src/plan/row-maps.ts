import type { RowMap } from '../protocol/plan.js';
import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import { isIdentity } from '../tokenizer/row-map.js';

/** A model that has a vocabulary tensor, and that tensor's rows. */
export type Holder = { readonly model: number; readonly rows: number };

/** Index of the row map of each model, for a tensor of these holders; models whose rows stay as they are have none. */
export type RowsFor = (holders: readonly Holder[]) => ReadonlyMap<number, number>;

/** Collects the row maps that steps refer to, each once. */
export const rowMapTable = (tokenizer: TokenizerPlan | null): { rowMaps: RowMap[]; rowsFor: RowsFor } => {
  const rowMaps: RowMap[] = [];
  const known = new Map<string, ReadonlyMap<number, number>>();
  const make = (holders: readonly Holder[]): ReadonlyMap<number, number> => {
    const maps = tokenizer?.rowMapsAmong(holders.map(({ model }) => model)) ?? [];
    return new Map(
      holders.flatMap(({ model, rows }, index) => {
        const map = maps[index];
        return map === undefined || isIdentity(map, rows) ? [] : [[model, rowMaps.push(map) - 1] as const];
      }),
    );
  };
  return {
    rowMaps,
    rowsFor: (holders) => {
      const key = holders.map(({ model, rows }) => `${model}:${rows}`).join();
      const found = known.get(key) ?? make(holders);
      known.set(key, found);
      return found;
    },
  };
};
