import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { InputFile } from '../protocol/plan.js';
import { type HeaderEntry, readSafetensorsHeader } from './safetensors-header.js';

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
  /** Names of all other files of the folder. */
  readonly others: readonly string[];
};

const indexName = 'model.safetensors.index.json';
const singleName = 'model.safetensors';

const readJson = (path: string): Record<string, unknown> => {
  try {
    const value: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new UserError({
      code: 'bad-json',
      message: `${path} is not valid JSON`,
      exitCode: exitCodes.integrity,
      cause,
    });
  }
  throw new UserError({ code: 'bad-json', message: `${path} holds no JSON object`, exitCode: exitCodes.integrity });
};

/** A JSON file of a model folder, or null where there is none. */
export const readOptionalJson = (path: string): Record<string, unknown> | null =>
  existsSync(path) ? readJson(path) : null;

/** Names of the weight files in `folder`; shard names come from the index and may not leave the folder. */
const weightFiles = (folder: string, names: readonly string[]): string[] => {
  if (names.includes(indexName)) {
    const index = join(folder, indexName);
    const { weight_map: map } = readJson(index);
    const shards = typeof map === 'object' && map !== null ? [...new Set(Object.values(map))] : [];
    for (const shard of shards) {
      if (typeof shard !== 'string' || !/^[\w.-]+\.safetensors$/.test(shard) || shard.startsWith('.')) {
        throw new UserError({
          code: 'bad-index',
          message: `${index} names the shard ${JSON.stringify(shard)}, which is not a file of its folder`,
          exitCode: exitCodes.integrity,
        });
      }
      if (!names.includes(shard)) {
        throw new UserError({
          code: 'missing-shard',
          message: `${folder} lacks ${shard}, which its index names`,
          hint: 'download the model again',
          exitCode: exitCodes.integrity,
        });
      }
    }
    return (shards as string[]).sort();
  }
  if (names.includes(singleName)) return [singleName];
  return names.filter((name) => name.endsWith('.safetensors') && !name.startsWith('adapter_')).sort();
};

const noWeights = (folder: string, names: readonly string[]): UserError => {
  const pickled = names.find((name) => /\.(bin|pt|pth)$/.test(name));
  const gguf = names.find((name) => name.endsWith('.gguf'));
  const what = names.includes('adapter_config.json')
    ? 'it is a LoRA adapter: write it as `model+adapter`'
    : pickled !== undefined
      ? `its weights are in ${pickled}: convert them to safetensors first`
      : gguf !== undefined
        ? 'GGUF files cannot be merged'
        : 'there is no .safetensors file in it';
  return new UserError({
    code: 'no-weights',
    message: `${folder} holds no weights that can be merged: ${what}`,
    exitCode: exitCodes.notFound,
  });
};

/** Opens a model folder: headers, config and file names only. */
export const openCheckpoint = (folder: string): Checkpoint => {
  const isFile = (name: string) => statSync(join(folder, name), { throwIfNoEntry: false })?.isFile() ?? false;
  const names = readdirSync(folder).filter(isFile).sort();
  const shards = weightFiles(folder, names);
  if (shards.length === 0) throw noWeights(folder, names);
  const files: InputFile[] = [];
  const tensors = new Map<string, StoredTensor>();
  for (const [file, name] of shards.entries()) {
    const path = join(folder, name);
    const { entries, bytes, modified } = readSafetensorsHeader(path);
    files.push({ path, bytes, modified });
    const inOrder = [...entries].sort(([, a], [, b]) => a.offset - b.offset);
    for (const [tensor, entry] of inOrder) tensors.set(tensor, { ...entry, file });
  }
  const others = names.filter((name) => !shards.includes(name) && name !== indexName);
  return { path: folder, files, tensors, config: readOptionalJson(join(folder, 'config.json')), others };
};
