import type { RowFill, RowMap, RowOrigin, RowRun } from '../protocol/plan.js';

/** A model that has a vocabulary tensor, and that tensor's rows. */
export type Holder = { readonly model: number; readonly rows: number };

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

const isHeld = (holders: readonly Holder[], { model, row }: RowOrigin): boolean =>
  holders.some((holder) => holder.model === model && row < holder.rows);

/** A tensor may have fewer rows than the model's embedding. */
const ownRow = ({ rowOf }: Alignment, { model, rows }: Holder, token: string): number | undefined => {
  const row = rowOf[model]?.(token);
  return row !== undefined && row < rows ? row : undefined;
};

/**
 * The row of a token in models that lack it: what the recipe says; else that of the only model which has it, else that
 * of the base, else the mean over the models which have it; zeros where none has.
 */
const fillOf = (alignment: Alignment, holders: readonly Holder[], token: string): readonly RowOrigin[] => {
  const { base, chosen } = alignment;
  const explicit = chosen.get(token);
  if (explicit?.every((origin) => isHeld(holders, origin))) return explicit;
  const owners = holders.flatMap((holder): RowOrigin[] => {
    const row = ownRow(alignment, holder, token);
    return row === undefined ? [] : [{ model: holder.model, row }];
  });
  if (owners.length < 2) return owners;
  const ofBase = owners.filter(({ model }) => model === base);
  return ofBase.length > 0 ? ofBase : owners;
};

/** Whether these are the rows after those of a fill, in the same models. */
const isNext = ({ count, sources }: RowFill, next: readonly RowOrigin[]): boolean =>
  sources.length === next.length &&
  sources.every(({ model, row }, index) => next[index]?.model === model && next[index].row === row + count);

/** Collects the origins of rows in ascending order; rows that follow each other in all vocabularies are put together. */
const collector = (): {
  readonly runs: RowRun[];
  readonly fills: RowFill[];
  readonly copy: (to: number, source: number) => void;
  readonly fill: (to: number, sources: readonly RowOrigin[]) => void;
} => {
  const runs: { to: number; source: number; count: number }[] = [];
  const copy = (to: number, source: number): void => {
    const last = runs.at(-1);
    if (last !== undefined && last.to + last.count === to && last.source + last.count === source) last.count += 1;
    else runs.push({ to, source, count: 1 });
  };
  const fills: { to: number; count: number; sources: RowOrigin[] }[] = [];
  const fill = (to: number, sources: readonly RowOrigin[]): void => {
    const last = fills.at(-1);
    if (last !== undefined && last.to + last.count === to && isNext(last, sources)) last.count += 1;
    else fills.push({ to, count: 1, sources: [...sources] });
  };
  return { runs, fills, copy, fill };
};

/** The row map of each holder of a vocabulary tensor, in the order of `holders`. */
export const alignRows = (alignment: Alignment, holders: readonly Holder[]): RowMap[] => {
  const { tokens, rows, padding, unnamed, forced } = alignment;
  const collectors = holders.map(collector);
  for (let id = 0; id < rows - padding; id++) {
    const token = tokens[id];
    const other = token === undefined ? unnamed(id) : undefined;
    let fill: readonly RowOrigin[] | undefined;
    if (token === undefined) fill = other !== undefined && isHeld(holders, other) ? [other] : [];
    for (const [index, holder] of holders.entries()) {
      const into = collectors[index];
      const own = token === undefined || forced.has(token) ? undefined : ownRow(alignment, holder, token);
      if (own !== undefined) {
        into?.copy(id, own);
        continue;
      }
      fill ??= fillOf(alignment, holders, token ?? '');
      const [only] = fill;
      if (fill.length === 1 && only?.model === holder.model) into?.copy(id, only.row);
      else into?.fill(id, fill);
    }
  }
  return collectors.map(({ runs, fills }) => ({ rows, runs, fills, padding }));
};
