import type { Dtype } from '../../protocol/plan.js';

/** What a pickle may make: plain values, and descriptions of tensors in place of tensors. */
export type Value =
  | null
  | boolean
  | number
  | string
  | Tuple
  | List
  | Dictionary
  | Callable
  | StorageClass
  | ElementType
  | Storage
  | PickledTensor;

export type Tuple = { readonly kind: 'tuple'; readonly items: readonly Value[] };

export type List = { readonly kind: 'list'; readonly items: Value[] };

/** Keys and values in turn, as they were set. */
export type Dictionary = { readonly kind: 'dictionary'; readonly items: Value[] };

/** One of the few things that a pickle may call, described by `rebuild.ts`. */
export type Callable = { readonly kind: 'callable'; readonly name: string };

/** A class of storages by its element type; null for bytes of no type. */
export type StorageClass = { readonly kind: 'storage-class'; readonly dtype: Dtype | null };

export type ElementType = { readonly kind: 'element-type'; readonly dtype: Dtype };

/** Bytes in an entry of the archive. */
export type Storage = {
  readonly kind: 'storage';
  readonly dtype: Dtype | null;
  /** Name of the entry in the folder `data`. */
  readonly key: string;
  readonly elements: number;
};

/** A view of a storage; offset and stride count elements. */
export type PickledTensor = {
  readonly kind: 'tensor';
  readonly storage: Storage;
  readonly dtype: Dtype;
  readonly offset: number;
  readonly shape: readonly number[];
  readonly stride: readonly number[];
};

/** Whether a value is of one of the kinds that are objects. */
export const isKind = <Kind extends Exclude<Value, null | boolean | number | string>['kind']>(
  value: Value | undefined,
  kind: Kind,
): value is Extract<Value, { readonly kind: Kind }> =>
  typeof value === 'object' && value !== null && value.kind === kind;
