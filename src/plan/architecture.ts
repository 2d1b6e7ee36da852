import type { OpenedModel } from '../hub/open-model.js';
import { cappedLayers } from './layer-counts.js';
import { layerPlace } from './layer-place.js';
import { type NameReaders, nameReaders, type TensorName } from './tensor-name.js';
import { isComputed, isHead, isTokenEmbedding, vocabularyAxis, vocabularySize } from './tensor-roles.js';
import { type TensorView, viewOf } from './tensor-view.js';

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
  /** By key, in the same order. */
  readonly views: ReadonlyMap<string, TensorView>;
  readonly templates: ReadonlyMap<string, NameTemplate>;
  readonly stacks: ReadonlyMap<string, Stack>;
  /** Token embedding and output head, by key; null where there is none. */
  readonly embedding: string | null;
  readonly head: string | null;
  readonly vocabulary: number | null;
};

/** The tensors that are merged, in the order of the files; as stored where two names would become one. */
const readTensors = (
  { tensors }: OpenedModel['checkpoint'],
  readers: NameReaders,
): { names: TensorName[]; views: Map<string, TensorView> } => {
  const stored: TensorView[] = [];
  for (const [name, tensor] of tensors) if (!isComputed(name, tensor.shape)) stored.push(viewOf(name, tensor));
  for (const read of [readers.spelled, readers.plain]) {
    const names = stored.map(({ name }) => read(name));
    const views = new Map<string, TensorView>();
    for (const [index, view] of stored.entries()) views.set(names[index]?.key ?? view.name, view);
    if (views.size === stored.length) return { names, views };
  }
  throw new Error('two tensors of one checkpoint have the same name');
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
export const describeModel = (model: OpenedModel, readers: NameReaders = nameReaders()): Architecture => {
  const { config } = model.checkpoint;
  const { names, views } = readTensors(model.checkpoint, readers);
  const templates = new Map<string, NameTemplate>();
  for (const name of names) if (!templates.has(name.kind)) templates.set(name.kind, templateOf(name));
  const vocabulary = vocabularySize(config);
  const shapeOf = ({ key }: TensorName): readonly number[] => views.get(key)?.shape ?? [];
  const matrices = names.filter((name) => name.layer === null && shapeOf(name).length === 2);
  const hasRowPerToken = (name: TensorName) => vocabularyAxis(name.key, shapeOf(name), vocabulary) === 0;
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
    views,
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
