import type { RowMap } from '../protocol/plan.js';

/** Whether a map leaves a tensor of `rows` rows as it is. */
export const isIdentity = ({ rows: mapped, runs, padding }: RowMap, rows: number): boolean => {
  const [run] = runs;
  return mapped === rows && padding === 0 && run?.to === 0 && run.source === 0 && run.count === rows;
};
