import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';
import type { InputFile } from '../protocol/plan.js';
import { concurrently } from './concurrently.js';
import { parseJsonObject } from './json-object.js';
import type { ModelFiles } from './model-files.js';
import { refuseQuantised } from './quantised.js';
import type { HeaderEntry, WeightFile } from './safetensors-header.js';
import { isWeights, missingWeights, noWeights, weightNames } from './weight-names.js';

/** A tensor and the file that holds it, as an index in the checkpoint's `files`. */
export type StoredTensor = HeaderEntry & { readonly file: number };

/** What is known of a model without reading a weight. */
export type Checkpoint = {
  readonly path: string;
  readonly files: readonly InputFile[];
  /** By name, in the order of the files and of the offsets in them. */
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  /** config.json, or null where there is none. */
  readonly config: Readonly<Record<string, unknown>> | null;
  /** The same as text, since JavaScript does not tell `1.0` from `1`. */
  readonly configText: string | null;
  /** Names of the files beside the weights: configuration, tokenizer, templates, code, and all in the model's folders. */
  readonly others: readonly string[];
};

/** Requests under way at once when headers come from the Hub. */
const headersAtOnce = 8;

/** A JSON file among a model's files, or null where there is none. */
export const readOptionalJson = async (files: ModelFiles, name: string): Promise<Record<string, unknown> | null> =>
  files.names.includes(name) ? parseJsonObject(`${files.name}/${name}`, await files.readText(name)) : null;

const inconsistent = (message: string): UserError =>
  new UserError({
    code: 'bad-index',
    message,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });

/** All tensors of the files; the index decides where one is in several. */
const collect = (
  model: string,
  shards: readonly string[],
  placed: ReadonlyMap<string, string>,
  headers: readonly WeightFile[],
): Map<string, StoredTensor> => {
  const tensors = new Map<string, StoredTensor>();
  for (const [file, { entries }] of headers.entries()) {
    for (const [name, entry] of entries) {
      if ((placed.get(name) ?? shards[file]) !== shards[file]) continue;
      if (tensors.has(name)) throw inconsistent(`${model} holds \`${printable(name)}\` in more than one of its files`);
      const { dtype, shape, offset, bytes } = entry;
      tensors.set(name, { dtype, shape, offset, bytes, file });
    }
  }
  for (const [name, shard] of placed) {
    if (tensors.has(name)) continue;
    throw inconsistent(`${model}/${shard} lacks \`${printable(name)}\`, which the index puts there`);
  }
  return tensors;
};

/** Opens a model: headers, config and file names only. */
export const openCheckpoint = async (files: ModelFiles): Promise<Checkpoint> => {
  const { name: model, path, names } = files;
  const { names: shards, missing, placed } = await weightNames(model, names, files.readText);
  if (missing.length > 0) throw missingWeights(model, missing);
  if (shards.length === 0) throw noWeights(model, names);
  const config = await readOptionalJson(files, 'config.json');
  const configText = config === null ? null : await files.readText('config.json');
  const headers = await concurrently(shards, headersAtOnce, files.readHeader);
  const tensors = collect(model, shards, placed, headers);
  refuseQuantised(model, config, tensors);
  const others = names.filter((name) => name.includes('/') || !isWeights(name));
  return { path, files: headers.map(({ file }) => file), tensors, config, configText, others };
};
