import type { Dtype } from '../protocol/plan.js';
import { isRecord, type JsonObject } from './json-record.js';
import { type LayerOrigin, restackConfig } from './restack-config.js';

/** What of the donor's config.json the merge changes. */
export type ConfigChanges = {
  readonly dtype: Dtype;
  /** Stacks that were put together anew. */
  readonly stacks: readonly {
    readonly key: string;
    readonly layers: number;
    readonly origins: readonly LayerOrigin[];
  }[];
  /** Rows of the merged embedding; null: as the donor's. */
  readonly vocabulary: number | null;
  /** Whether the head is the embedding; null: as the donor says. */
  readonly isTied: boolean | null;
  /** Special tokens whose ids are others in the output, by key. */
  readonly tokenIds: Readonly<Record<string, unknown>>;
  /** Sizes that padding has changed, by key. */
  readonly sizes: Readonly<Record<string, number>>;
};

const dtypeNames: Partial<Record<Dtype, string>> = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

type Json = Record<string, unknown>;

/** Sets `key` wherever the object, or a part of it that describes a model, has it; else at the root if `atRoot`. */
const setEverywhere = (config: Json, key: string, value: unknown, atRoot: boolean): Json => {
  const parts = ['text_config', 'llm_config', 'language_config', 'decoder', 'encoder'];
  const nested = parts.filter((part) => isRecord(config[part]) && key in (config[part] as JsonObject));
  const updated: Json = { ...config };
  for (const part of nested) updated[part] = { ...(config[part] as JsonObject), [key]: value };
  if (key in config || (atRoot && nested.length === 0)) updated[key] = value;
  return updated;
};

/** The donor's config.json made true to the tensors that are written. */
export const editConfig = (
  donor: Json,
  { dtype, stacks, vocabulary, isTied, tokenIds, sizes }: ConfigChanges,
): Json => {
  let config: Json = { ...donor };
  for (const { key, layers, origins } of stacks) config = restackConfig(config, key, layers, origins);
  if (vocabulary !== null) config = setEverywhere(config, 'vocab_size', vocabulary, true);
  if (isTied !== null) config = setEverywhere(config, 'tie_word_embeddings', isTied, true);
  for (const [key, value] of Object.entries({ ...sizes, ...tokenIds }))
    config = setEverywhere(config, key, value, false);
  const name = dtypeNames[dtype];
  const key = 'torch_dtype' in config && !('dtype' in config) ? 'torch_dtype' : 'dtype';
  return name === undefined ? config : { ...config, [key]: name };
};
