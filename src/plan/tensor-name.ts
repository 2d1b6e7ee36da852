import { commonSpelling, withoutWrappers } from './canonical.js';
import { layerPlace } from './layer-place.js';

/** One tensor's names, the same object for all models that have it. */
export type TensorName = {
  /** In the model's files. */
  readonly stored: string;
  /** The same for all spellings of the tensor. */
  readonly key: string;
  /** `key` with the layer's number left open: the same for all layers. */
  readonly kind: string;
  /** Null outside the stacks. */
  readonly layer: { readonly stack: string; readonly index: number } | null;
  /** What follows the layer's number; outside the stacks the whole key. */
  readonly rest: string;
};

type NameReader = (stored: string) => TensorName;

type Spelling = (text: string) => string;

const cached = (spell: Spelling): Spelling => {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text) ?? spell(text);
    known.set(text, found);
    return found;
  };
};

const nameReader = (isPlain: boolean): NameReader => {
  const same: Spelling = (text) => text;
  const spellStack = isPlain ? same : cached(withoutWrappers);
  const spellRest = isPlain ? same : cached(commonSpelling);
  const kinds = new Map<string, Map<string, string>>();
  const kindOf = (stack: string, rest: string): string => {
    const own = kinds.get(stack) ?? new Map<string, string>();
    kinds.set(stack, own);
    const kind = own.get(rest) ?? `${stack}.*.${rest}`;
    own.set(rest, kind);
    return kind;
  };
  const layers = new Map<string, { stack: string; index: number }[]>();
  const layerOf = (stack: string, index: number): { stack: string; index: number } => {
    const own = layers.get(stack) ?? [];
    layers.set(stack, own);
    own[index] ??= { stack, index };
    return own[index];
  };
  const read = (stored: string): TensorName => {
    const place = layerPlace(stored);
    if (place === null) {
      const key = isPlain ? stored : commonSpelling(withoutWrappers(stored));
      return { stored, key, kind: key, layer: null, rest: key };
    }
    const stack = spellStack(place.stack);
    const rest = spellRest(place.rest);
    // Where only wrappers differ, the key is a piece of the stored name and needs no memory of its own.
    const isPiece = rest === place.rest && place.stack.endsWith(stack);
    const key = isPiece ? stored.slice(place.stack.length - stack.length) : `${stack}.${place.index}.${rest}`;
    return { stored, key, kind: kindOf(stack, rest), layer: layerOf(stack, place.index), rest };
  };
  const known = new Map<string, TensorName>();
  return (stored) => {
    const found = known.get(stored) ?? read(stored);
    known.set(stored, found);
    return found;
  };
};

/** Readers of names in any spelling, and of names as they are; models that share readers share their names. */
export type NameReaders = { readonly spelled: NameReader; readonly plain: NameReader };

export const nameReaders = (): NameReaders => ({ spelled: nameReader(false), plain: nameReader(true) });
