import type { RowFill, RowMap, RowOrigin, RowRun } from '../protocol/plan.js';

/** What decides the origin of each output row. */
export type Alignment = {
  /** Token by output id; undefined: a row without a token. */
  readonly tokens: readonly (string | undefined)[];
  /** Output rows, padding included. */
  readonly rows: number;
  /** That many last rows are the mean of those before. */
  readonly padding: number;
  /** RowOrigin of a token by model; undefined where the model lacks it. */
  readonly rowOf: readonly ((token: string) => number | undefined)[];
  /** RowOrigin that the source of the tokenizer has for an id without a token; undefined: it has none. */
  readonly unnamed: (id: number) => RowOrigin | undefined;
  readonly base: number;
  /** Rows that the recipe gives to tokens: empty for zeros. */
  readonly chosen: ReadonlyMap<string, readonly RowOrigin[]>;
  /** Tokens whose chosen row also replaces that of the models which have the token. */
  readonly forced: ReadonlySet<string>;
};

/**
 * The row of a token in models that lack it: what the recipe says; else that of the only model which has it, else that
 * of the base, else the mean over the models which have it; zeros where none has.
 */
export const fillOf = (
  { rowOf, base, chosen }: Pick<Alignment, 'rowOf' | 'base' | 'chosen'>,
  holders: readonly number[],
  token: string,
): readonly RowOrigin[] => {
  const explicit = chosen.get(token);
  if (explicit?.every(({ model }) => holders.includes(model))) return explicit;
  const owners = holders.flatMap((model): RowOrigin[] => {
    const row = rowOf[model]?.(token);
    return row === undefined ? [] : [{ model, row }];
  });
  if (owners.length < 2) return owners;
  const ofBase = owners.filter(({ model }) => model === base);
  return ofBase.length > 0 ? ofBase : owners;
};

/** Collects the origins of rows in ascending order; rows that follow each other in both vocabularies make one run. */
const collector = (): {
  readonly runs: RowRun[];
  readonly fills: RowFill[];
  readonly copy: (to: number, source: number) => void;
} => {
  const runs: { to: number; source: number; count: number }[] = [];
  const copy = (to: number, source: number): void => {
    const last = runs.at(-1);
    if (last !== undefined && last.to + last.count === to && last.source + last.count === source) last.count += 1;
    else runs.push({ to, source, count: 1 });
  };
  return { runs, fills: [], copy };
};

/** The row map of each holder of a vocabulary tensor, in the order of `holders`: the models that have the tensor. */
export const alignRows = (alignment: Alignment, holders: readonly number[]): RowMap[] => {
  const { tokens, rows, padding, rowOf, unnamed, forced } = alignment;
  const collectors = holders.map(collector);
  for (let id = 0; id < rows - padding; id++) {
    const token = tokens[id];
    const other = token === undefined ? unnamed(id) : undefined;
    let fill: readonly RowOrigin[] | undefined = token === undefined ? (other === undefined ? [] : [other]) : undefined;
    for (const [index, model] of holders.entries()) {
      const into = collectors[index];
      const own = token === undefined || forced.has(token) ? undefined : rowOf[model]?.(token);
      if (own !== undefined) {
        into?.copy(id, own);
        continue;
      }
      fill ??= fillOf(alignment, holders, token ?? '');
      const [only] = fill;
      if (fill.length === 1 && only?.model === model) into?.copy(id, only.row);
      else into?.fills.push({ to: id, sources: [...fill] });
    }
  }
  return collectors.map(({ runs, fills }) => ({ rows, runs, fills, padding }));
};
