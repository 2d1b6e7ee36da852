import { printable } from '../../format.js';
import { dtypeBytes, type HeaderEntry, sizeOf, unprintable } from '../safetensors-header.js';
import { damaged, notRead } from './refusals.js';
import type { PickledTensor } from './values.js';
import type { ZipEntry } from './zip-directory.js';

/** Whether the elements lie one after the other in row-major order; sizes of one may have any stride. */
const isContiguous = ({ shape, stride }: PickledTensor): boolean => {
  let expected = 1;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] ?? 1;
    if (size !== 1 && stride[axis] !== expected) return false;
    expected *= size;
  }
  return true;
};

/** The range of the file that a tensor is, given the entry of its storage and where that entry's content begins. */
export const storedRange = (
  label: string,
  name: string,
  tensor: PickledTensor,
  entry: ZipEntry,
  start: number,
): HeaderEntry => {
  const { storage, dtype, shape } = tensor;
  const shown = `tensor \`${printable(name)}\``;
  if (unprintable.test(name)) throw damaged(label, `${shown} has a control character in its name`);
  const width = dtypeBytes[dtype];
  const held = storage.elements * (storage.dtype === null ? 1 : width);
  if (held !== entry.bytes)
    throw damaged(label, `${shown} needs ${held} bytes where \`${entry.name}\` has ${entry.bytes}`);
  const bytes = sizeOf(dtype, shape);
  if (!Number.isSafeInteger(bytes)) throw damaged(label, `${shown} has no valid shape`);
  if (bytes > 0 && !isContiguous(tensor)) {
    const hint = 'load the model in PyTorch, make its tensors contiguous() and save it again';
    throw notRead(label, `${shown} is a view whose elements do not lie one after the other`, hint);
  }
  const first = bytes === 0 ? 0 : tensor.offset * width;
  if (first + bytes > entry.bytes) throw damaged(label, `${shown} ends after \`${entry.name}\``);
  return { dtype, shape, offset: start + first, bytes };
};
