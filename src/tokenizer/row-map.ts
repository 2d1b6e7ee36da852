/** `count` consecutive output rows from `to` on are the model's own rows from `from` on. */
export type RowRun = { readonly to: number; readonly from: number; readonly count: number };

/** Output row `to` is the mean of these rows, of zero rows: zeros. */
export type RowFill = {
  readonly to: number;
  readonly from: readonly { readonly model: number; readonly row: number }[];
};

/** How one model's vocabulary tensor is brought to the output's vocabulary, along axis 0. Every row has one origin. */
export type RowMap = {
  readonly rows: number;
  /** In ascending order of `to`, as long as possible. */
  readonly runs: readonly RowRun[];
  /** In ascending order of `to`. */
  readonly fills: readonly RowFill[];
  /** That many last rows are the mean of all rows before them. */
  readonly padding: number;
};

/** Whether a map leaves a tensor of `rows` rows as it is. */
export const isIdentity = ({ rows: mapped, runs, padding }: RowMap, rows: number): boolean => {
  const [run] = runs;
  return mapped === rows && padding === 0 && run?.to === 0 && run.from === 0 && run.count === rows;
};
