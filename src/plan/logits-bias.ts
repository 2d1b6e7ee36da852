/** BART's and Marian's bias of the logits, which they store as one row [1, vocabulary]. */
const isLogitsBias = (name: string): boolean => /(^|\.)final_logits_bias$/.test(name);

/** The shape in which a tensor is merged: the bias as a vector, with one row per token as all vocabulary tensors have it. */
export const mergedShape = (name: string, shape: readonly number[]): readonly number[] =>
  isLogitsBias(name) && shape.length === 2 && shape[0] === 1 ? shape.slice(1) : shape;

/** The shape in which a merged tensor is stored. */
export const storedShape = (name: string, shape: readonly number[]): readonly number[] =>
  isLogitsBias(name) && shape.length === 1 ? [1, ...shape] : shape;
