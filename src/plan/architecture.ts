import type { OpenedModel } from '../hub/open-model.js';
import { commonSpelling, withoutWrappers } from './canonical.js';
import { cappedLayers } from './layer-counts.js';
import { layerPlace } from './layer-place.js';
import { isComputed, isHead, isTokenEmbedding, vocabularyAxis, vocabularySize } from './tensor-roles.js';
import { type TensorView, viewOf } from './tensor-view.js';

/** One tensor's names. */
export type TensorName = {
  /** In the model's files. */
  readonly stored: string;
  /** The same for all spellings of the tensor. */
  readonly key: string;
  /** `key` with the layer's number left open: the same for all layers. */
  readonly kind: string;
  /** Null outside the stacks. */
  readonly layer: { readonly stack: string; readonly index: number; readonly rest: string } | null;
  /** The tensor itself. */
  readonly view: TensorView;
};

/** How tensors of one kind are called: `prefix.N.rest`, or `rest` outside the stacks. */
export type NameTemplate = { readonly prefix: string | null; readonly rest: string };

export type Stack = {
  /** Name without wrappers. */
  readonly key: string;
  readonly prefix: string;
  /** Number of layers, without extra ones that config.json does not count. */
  readonly layers: number;
  readonly names: readonly (readonly TensorName[])[];
};

/** What names, shapes and config.json tell of a model. */
export type Architecture = {
  readonly model: OpenedModel;
  /** In the order of the files. */
  readonly names: readonly TensorName[];
  readonly byKey: ReadonlyMap<string, TensorName>;
  readonly templates: ReadonlyMap<string, NameTemplate>;
  readonly stacks: ReadonlyMap<string, Stack>;
  /** Token embedding and output head, by key; null where there is none. */
  readonly embedding: string | null;
  readonly head: string | null;
  readonly vocabulary: number | null;
};

type Spelling = (text: string) => string;

const cached = (spell: Spelling): Spelling => {
  const known = new Map<string, string>();
  return (text) => {
    const found = known.get(text) ?? spell(text);
    known.set(text, found);
    return found;
  };
};

const nameReader = (isPlain: boolean): ((view: TensorView) => TensorName) => {
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
  return (view) => {
    const stored = view.name;
    const place = layerPlace(stored);
    if (place === null) {
      const key = isPlain ? stored : commonSpelling(withoutWrappers(stored));
      return { stored, key, kind: key, layer: null, view };
    }
    const stack = spellStack(place.stack);
    const rest = spellRest(place.rest);
    const key = `${stack}.${place.index}.${rest}`;
    return { stored, key, kind: kindOf(stack, rest), layer: { stack, index: place.index, rest }, view };
  };
};

/** Names of all tensors; as stored where two would become one. */
const readNames = (stored: readonly TensorView[]): { names: TensorName[]; byKey: Map<string, TensorName> } => {
  const names = stored.map(nameReader(false));
  const byKey = new Map(names.map((name) => [name.key, name]));
  if (byKey.size === names.length) return { names, byKey };
  const plain = stored.map(nameReader(true));
  return { names: plain, byKey: new Map(plain.map((name) => [name.key, name])) };
};

const readStacks = (names: readonly TensorName[], { checkpoint }: OpenedModel): Map<string, Stack> => {
  const layers = new Map<string, TensorName[][]>();
  for (const name of names) {
    if (name.layer === null) continue;
    const stack = layers.get(name.layer.stack) ?? [];
    layers.set(name.layer.stack, stack);
    const layer = stack[name.layer.index] ?? [];
    stack[name.layer.index] = layer;
    layer.push(name);
  }
  return new Map(
    [...layers].map(([key, found]) => {
      const all = Array.from({ length: found.length }, (_, index) => found[index] ?? []);
      const first = found.find((layer) => layer !== undefined)?.[0]?.stored ?? key;
      const counted = checkpoint.config === null ? all.length : cappedLayers(checkpoint.config, key, all.length);
      return [key, { key, prefix: layerPlace(first)?.stack ?? key, layers: counted, names: all }];
    }),
  );
};

const templateOf = ({ stored, layer }: TensorName): NameTemplate => {
  const place = layer === null ? null : layerPlace(stored);
  return place === null ? { prefix: null, rest: stored } : { prefix: place.stack, rest: place.rest };
};

/** Reads a model's structure from its headers and config.json alone. */
export const describeModel = (model: OpenedModel): Architecture => {
  const { tensors, config } = model.checkpoint;
  const stored: TensorView[] = [];
  for (const [name, tensor] of tensors) if (!isComputed(name, tensor.shape)) stored.push(viewOf(name, tensor));
  const { names, byKey } = readNames(stored);
  const templates = new Map<string, NameTemplate>();
  for (const name of names) if (!templates.has(name.kind)) templates.set(name.kind, templateOf(name));
  const vocabulary = vocabularySize(config);
  const matrices = names.filter(({ view, layer }) => layer === null && view.shape.length === 2);
  const hasRowPerToken = ({ view, key }: TensorName) => vocabularyAxis(key, view.shape, vocabulary) === 0;
  const embedding =
    matrices.find(({ key }) => isTokenEmbedding(key)) ??
    matrices.find((name) => !isHead(name.key) && !/head|out/i.test(name.key) && hasRowPerToken(name));
  const head =
    matrices.find(({ key }) => isHead(key)) ??
    matrices.find(
      (name) => embedding !== undefined && !isTokenEmbedding(name.key) && name !== embedding && hasRowPerToken(name),
    );
  return {
    model,
    names,
    byKey,
    templates,
    stacks: readStacks(names, model),
    embedding: embedding?.key ?? null,
    head: head?.key ?? null,
    vocabulary,
  };
};

/** What a tensor of that kind is called in layer `index`, after the spelling of `architecture` where it has the kind. */
export const spell = (architecture: Architecture, name: TensorName, index: number | null): string => {
  const { prefix, rest } = architecture.templates.get(name.kind) ?? templateOf(name);
  const stack = name.layer === null ? null : (architecture.stacks.get(name.layer.stack)?.prefix ?? prefix);
  return stack === null || index === null ? rest : `${stack}.${index}.${rest}`;
};
