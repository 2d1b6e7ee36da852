import type { Fault } from '../fault.js';
import { plural, printable } from '../format.js';
import type { RowMap } from '../protocol/plan.js';
import type { Holder } from '../tokenizer/align-rows.js';
import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import { isIdentity } from '../tokenizer/row-map.js';
import type { YamlSource } from '../yaml.js';

/** Index of the row map of each model, for a tensor of these holders; models whose rows stay as they are have none. */
export type RowsFor = (holders: readonly Holder[], tensor: string) => ReadonlyMap<number, number>;

type Mapped = { readonly maps: ReadonlyMap<number, number>; readonly lost: number };

/** The row maps that steps refer to, each once. */
export type RowMapTable = {
  readonly rowMaps: RowMap[];
  /** Rows brought to the vocabulary of the output. */
  readonly aligned: RowsFor;
  /** Only the first `rows` rows. */
  readonly cropped: (rows: number) => RowsFor;
  /** Tensors with tokens that none of their models has, and how many; other models have them. */
  readonly lost: ReadonlyMap<string, number>;
};

const zeroRows = (map: RowMap | null | undefined): number[] =>
  (map?.fills ?? []).flatMap(({ to, count, sources }) =>
    sources.length === 0 ? Array.from({ length: count }, (_, offset) => to + offset) : [],
  );

/** Tokens whose rows are zeros among these holders, though not among all models. */
const countLost = (tokenizer: TokenizerPlan, holders: readonly Holder[], maps: readonly RowMap[]): number => {
  const ids = new Set(tokenizer.vocabulary.tokens.values());
  const lost = holders.map(({ model }, index) => {
    const always = new Set(zeroRows(tokenizer.rowMaps[model]));
    return zeroRows(maps[index]).filter((id) => ids.has(id) && !always.has(id)).length;
  });
  return Math.max(0, ...lost);
};

/** Warnings of tokens that lose their rows in a tensor. */
export const lostTokenFaults = (source: YamlSource, lost: ReadonlyMap<string, number>): Fault[] =>
  [...lost].map(([tensor, count]) =>
    source.faultAt([], {
      severity: 'warning',
      code: 'token-without-source',
      message: `no model that ${printable(tensor)} is taken from has ${plural(count, 'token')} of the result, whose rows in it will be zeros`,
      hint: 'take it from a model that has all tokens, or choose a `tokenizer` without them',
    }),
  );

export const rowMapTable = (tokenizer: TokenizerPlan | null): RowMapTable => {
  const rowMaps: RowMap[] = [];
  const known = new Map<string, Mapped>();
  const lost = new Map<string, number>();
  const crops = new Map<number, number>();
  const make = (holders: readonly Holder[]): Mapped => {
    if (tokenizer === null) return { maps: new Map(), lost: 0 };
    const found = tokenizer.rowMapsAmong(holders);
    const maps = new Map(
      holders.flatMap(({ model, rows }, index) => {
        const map = found[index];
        return map === undefined || isIdentity(map, rows) ? [] : [[model, rowMaps.push(map) - 1] as const];
      }),
    );
    return { maps, lost: countLost(tokenizer, holders, found) };
  };
  const cropTo = (rows: number): number => {
    const map = { rows, runs: [{ to: 0, source: 0, count: rows }], fills: [], padding: 0 };
    const index = crops.get(rows) ?? rowMaps.push(map) - 1;
    crops.set(rows, index);
    return index;
  };
  return {
    rowMaps,
    aligned: (holders, tensor) => {
      const key = holders.map(({ model, rows }) => `${model}:${rows}`).join();
      const found = known.get(key) ?? make(holders);
      known.set(key, found);
      if (found.lost > 0) lost.set(tensor, found.lost);
      return found.maps;
    },
    lost,
    cropped: (rows) => (holders) =>
      new Map(holders.flatMap((holder) => (holder.rows === rows ? [] : [[holder.model, cropTo(rows)] as const]))),
  };
};
