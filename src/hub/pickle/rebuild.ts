import { isKind, type PickledTensor, type Storage, type Tuple, type Value } from './values.js';

const maximumRank = 16;

const isCount = (value: Value | undefined): value is number => Number.isSafeInteger(value) && Number(value) >= 0;

const counts = (value: Value | undefined): readonly number[] | undefined =>
  isKind(value, 'tuple') && value.items.length <= maximumRank && value.items.every(isCount)
    ? [...value.items]
    : undefined;

/** The storage that a persistent identifier stands for: `('storage', class, key, device, elements)`. */
export const storageOf = (identifier: Value): Storage | undefined => {
  if (!isKind(identifier, 'tuple') || identifier.items.length !== 5) return undefined;
  const [word, type, key, device, elements] = identifier.items;
  if (word !== 'storage' || !isKind(type, 'storage-class') || typeof device !== 'string') return undefined;
  return typeof key === 'string' && isCount(elements)
    ? { kind: 'storage', dtype: type.dtype, key, elements }
    : undefined;
};

/** `(storage, offset, shape, stride, requires_grad, hooks[, dtype])`, as PyTorch rebuilds a tensor. */
const tensorOf = ([storage, offset, size, steps, , , type]: readonly Value[]): PickledTensor | undefined => {
  const [shape, stride] = [counts(size), counts(steps)];
  if (!isKind(storage, 'storage') || !isCount(offset) || shape === undefined || stride === undefined) return undefined;
  const dtype = isKind(type, 'element-type') ? type.dtype : storage.dtype;
  if (shape.length !== stride.length || dtype === null) return undefined;
  return { kind: 'tensor', storage, dtype, offset, shape, stride };
};

/** What calling an allowed name with these arguments makes, or undefined where PyTorch would not write such a call. */
export const rebuilt = (name: string, { items }: Tuple): Value | undefined => {
  const [first] = items;
  switch (name) {
    case 'collections.OrderedDict':
      return items.length === 0 ? { kind: 'dictionary', items: [] } : undefined;
    case 'torch.Size':
      return items.length === 1 && isKind(first, 'tuple') ? first : undefined;
    case 'torch._utils._rebuild_parameter':
      return items.length === 3 && isKind(first, 'tensor') ? first : undefined;
    case 'torch._utils._rebuild_tensor_v2':
      return items.length === 6 && isKind(first, 'storage') && first.dtype !== null ? tensorOf(items) : undefined;
    case 'torch._utils._rebuild_tensor_v3':
      return items.length === 7 && isKind(first, 'storage') && first.dtype === null ? tensorOf(items) : undefined;
    default:
      return undefined;
  }
};
