import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';
import { parseJsonObject } from './json-object.js';

/** One format of weight files. */
type Format = {
  readonly index: string;
  readonly single: string;
  readonly isOne: (name: string) => boolean;
};

const safetensors: Format = {
  index: 'model.safetensors.index.json',
  single: 'model.safetensors',
  isOne: (name) => name.endsWith('.safetensors') && !name.startsWith('adapter_'),
};

/** State of a training beside the weights, in files of the same kind. */
const isTrainingState = (name: string): boolean =>
  /^(adapter_|training_args|optimizer|scheduler|scaler|rng_state|random_states|.*optim_states)/.test(name);

/** Whether a file is what torch.save writes, by its name. */
export const isPickled = (name: string): boolean => /\.(bin|pt|pth)$/.test(name);

const pickled: Format = {
  index: 'pytorch_model.bin.index.json',
  single: 'pytorch_model.bin',
  isOne: (name) => isPickled(name) && !isTrainingState(name),
};

/** The indices by which Python finds the weight files too. */
export const indexNames: readonly string[] = [safetensors.index, pickled.index];

/** Whether a file holds weights, or lists files that do, in any framework's form. */
export const isWeights = (name: string): boolean =>
  /\.(safetensors|bin|pt|pth|ckpt|gguf|ggml|h5|msgpack|onnx|index\.json)$/i.test(name);

/** Weight files of a model, those that should be there but are not, and the index's word on which file holds a tensor. */
export type WeightNames = {
  readonly names: readonly string[];
  readonly missing: readonly string[];
  readonly placed: ReadonlyMap<string, string>;
};

const badIndex = (message: string): UserError =>
  new UserError({
    code: 'bad-index',
    message,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });

/** A shard is a file of the same folder: its name comes from a stranger and may not lead elsewhere. */
const isShardName = (name: unknown, { isOne }: Format): name is string =>
  typeof name === 'string' && /^[\w-][\w.-]*$/.test(name) && isOne(name);

/** Which file holds which tensor, as an index says. */
const placedBy = (path: string, text: string, format: Format): Map<string, string> => {
  const { weight_map: map } = parseJsonObject(path, text);
  if (typeof map !== 'object' || map === null || Array.isArray(map)) throw badIndex(`${path} has no \`weight_map\``);
  const placed = new Map<string, string>();
  const shards = new Map<unknown, string>();
  const check = (shard: unknown, tensor: string): string => {
    if (isShardName(shard, format)) return shard;
    const shown = printable(String(JSON.stringify(shard)).slice(0, 200));
    throw badIndex(`${path} puts \`${printable(tensor)}\` into ${shown}, which is not a file of its folder`);
  };
  // Not as entries: an index of a hundred thousand tensors would make as many pairs.
  for (const tensor of Object.keys(map)) {
    const told = (map as Readonly<Record<string, unknown>>)[tensor];
    const shard = shards.get(told) ?? check(told, tensor);
    shards.set(told, shard);
    placed.set(tensor, shard);
  }
  return placed;
};

/** More shards than any real model has. */
const maximumShards = 10_000;

/** The files of the series `…-00001-of-0000N` that `name` belongs to. */
const seriesOf = (name: string): string[] => {
  const [, prefix, total = '', suffix] = /^(.*-)\d{5,6}-of-(\d{5,6})(\.\w+)$/.exec(name) ?? [];
  if (prefix === undefined || Number(total) > maximumShards) return [name];
  const numbers = Array.from({ length: Number(total) }, (_, index) => String(index + 1).padStart(total.length, '0'));
  return numbers.map((number) => `${prefix}${number}-of-${total}${suffix}`);
};

/** The format to read, whatever else is there: by the names that Python looks for, else by any name. */
const formatOf = (names: readonly string[]): Format => {
  const formats = [safetensors, pickled];
  return (
    formats.find(({ index, single }) => names.includes(index) || names.includes(single)) ??
    formats.find(({ isOne }) => names.some(isOne)) ??
    safetensors
  );
};

/** The weight files among `names`: those of the index, else the one that Python looks for, else all of the format. */
export const weightNames = async (
  folder: string,
  names: readonly string[],
  readText: (name: string) => Promise<string>,
): Promise<WeightNames> => {
  const format = formatOf(names);
  const { index, single, isOne } = format;
  const hasIndex = names.includes(index);
  const placed = hasIndex ? placedBy(`${folder}/${index}`, await readText(index), format) : new Map<string, string>();
  const wanted = hasIndex
    ? [...placed.values()]
    : names.includes(single)
      ? [single]
      : names.filter((name) => !name.includes('/') && isOne(name)).flatMap(seriesOf);
  const all = [...new Set(wanted)].sort();
  const present = new Set(names);
  return {
    names: all.filter((name) => present.has(name)),
    missing: all.filter((name) => !present.has(name)),
    placed,
  };
};

export const missingWeights = (folder: string, [first, ...more]: readonly string[]): UserError =>
  new UserError({
    code: 'missing-shard',
    message: `${folder} lacks ${first}${more.length === 0 ? '' : ` and ${more.length} more`} of its weight files`,
    hint: 'download the model again',
    exitCode: exitCodes.integrity,
  });

/** Why there is nothing to merge among `names`. */
export const noWeights = (folder: string, names: readonly string[]): UserError => {
  const gguf = names.find((name) => name.endsWith('.gguf'));
  const what = names.includes('adapter_config.json')
    ? 'it is a LoRA adapter: write it as `model+adapter`'
    : gguf !== undefined
      ? `${gguf} is a GGUF file, which cannot be merged`
      : 'there is no .safetensors, .bin, .pt or .pth file with weights in it';
  return new UserError({
    code: 'no-weights',
    message: `${folder} holds no weights that can be merged: ${what}`,
    exitCode: exitCodes.notFound,
  });
};
