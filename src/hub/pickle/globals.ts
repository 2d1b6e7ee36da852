import type { Dtype } from '../../protocol/plan.js';
import type { Value } from './values.js';

const storages: Readonly<Record<string, Dtype>> = {
  DoubleStorage: 'F64',
  FloatStorage: 'F32',
  HalfStorage: 'F16',
  BFloat16Storage: 'BF16',
  LongStorage: 'I64',
  IntStorage: 'I32',
  ShortStorage: 'I16',
  CharStorage: 'I8',
  ByteStorage: 'U8',
  BoolStorage: 'BOOL',
};

const elementTypes: Readonly<Record<string, Dtype>> = {
  float64: 'F64',
  float32: 'F32',
  float16: 'F16',
  bfloat16: 'BF16',
  float8_e4m3fn: 'F8_E4M3',
  float8_e5m2: 'F8_E5M2',
  int64: 'I64',
  int32: 'I32',
  int16: 'I16',
  int8: 'I8',
  uint8: 'U8',
  bool: 'BOOL',
};

const callables = [
  'collections.OrderedDict',
  'torch.Size',
  'torch._utils._rebuild_tensor_v2',
  'torch._utils._rebuild_tensor_v3',
  'torch._utils._rebuild_parameter',
];

/** Everything that a pickle may name, by module and name; all else is refused unseen. */
export const allowedGlobals: ReadonlyMap<string, Value> = new Map<string, Value>([
  ...callables.map((name) => [name, { kind: 'callable', name }] as const),
  ...Object.entries(storages).map(([name, dtype]) => [`torch.${name}`, { kind: 'storage-class', dtype }] as const),
  ['torch.storage.UntypedStorage', { kind: 'storage-class', dtype: null }],
  ...Object.entries(elementTypes).map(([name, dtype]) => [`torch.${name}`, { kind: 'element-type', dtype }] as const),
]);
