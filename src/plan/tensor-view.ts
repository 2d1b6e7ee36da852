import type { StoredTensor } from '../hub/checkpoint.js';
import { dtypeBytes, isFloating } from '../hub/safetensors-header.js';
import type { Dtype } from '../protocol/plan.js';
import { mergedShape } from './logits-bias.js';

/** A tensor of a model as the merge sees it: stored ranges that, flattened and joined, are the tensor. */
export type TensorView = {
  /** Name in the model, that of the first part. */
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly parts: readonly StoredTensor[];
};

const elements = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

export const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a === b || (a.length === b.length && a.every((size, axis) => size === b[axis]));

/** Tensors that are averaged; integers and masks are copied where all models agree. */
export const isMergeable = isFloating;

/**
 * The common type of several inputs, as torch promotes them: float16 with bfloat16 needs float32. Where torch has no
 * rule, numbers of 8 bits become the type of the others, which all hold them exactly. Integers stay what they are.
 */
export const promote = (dtypes: readonly Dtype[]): Dtype => {
  const [first] = dtypes;
  if (first !== undefined && dtypes.every((dtype) => dtype === first)) return first;
  const other = dtypes.find((dtype) => !isMergeable(dtype));
  if (other !== undefined) return other;
  const [wider = 'BF16', ...more] = new Set(dtypes.filter((dtype) => dtypeBytes[dtype] > 1));
  return more.length === 0 ? wider : dtypes.includes('F64') ? 'F64' : 'F32';
};

export const viewOf = (name: string, stored: StoredTensor): TensorView => ({
  name,
  dtype: stored.dtype,
  shape: mergedShape(name, stored.shape),
  parts: [stored],
});

/** `count` entries from `start` on along the first axis of a tensor that is stored in one piece. */
export const rowsOf = (
  view: TensorView,
  start: number,
  count: number,
  shape?: readonly number[],
): TensorView | null => {
  const [stored, second] = view.parts;
  if (stored === undefined || second !== undefined) return null;
  const [rows = 0, ...rest] = view.shape;
  const rowBytes = rows === 0 ? 0 : stored.bytes / rows;
  const cut = { ...stored, shape: [count, ...rest], offset: stored.offset + start * rowBytes, bytes: count * rowBytes };
  return { ...view, shape: shape ?? cut.shape, parts: [cut] };
};

/** Tensors joined along the first axis, as one of the given shape. */
export const joined = (views: readonly TensorView[], shape: readonly number[]): TensorView | null => {
  const [first] = views;
  if (first === undefined || views.some(({ dtype }) => dtype !== first.dtype)) return null;
  if (views.reduce((sum, view) => sum + elements(view.shape), 0) !== elements(shape)) return null;
  return { name: first.name, dtype: first.dtype, shape, parts: views.flatMap(({ parts }) => parts) };
};
