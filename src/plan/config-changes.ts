import type { Fault } from '../fault.js';
import type { Dtype } from '../protocol/plan.js';
import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import type { YamlSource } from '../yaml.js';
import type { Architecture } from './architecture.js';
import type { GroupedTensor } from './draft-steps.js';
import { isRecord, type JsonObject } from './json-record.js';
import { layerCountPaths } from './layer-counts.js';
import type { StackedLayers } from './outline-module.js';
import type { ConfigChanges } from './output-config.js';
import { changedTokenIds } from './token-ids.js';

/** Sizes in config.json that a padded model takes from the largest. */
const sizeKeys = [
  ...['hidden_size', 'intermediate_size', 'num_attention_heads', 'num_key_value_heads', 'head_dim'],
  ...['n_embd', 'n_inner', 'n_head', 'd_model', 'd_ff', 'num_heads', 'd_kv', 'max_position_embeddings'],
];

const textConfig = (config: JsonObject): JsonObject => [config.text_config, config.llm_config].find(isRecord) ?? config;

/** Without its own number of key heads a model has one per attention head. */
const sizeIn = (config: JsonObject, key: string): number | null => {
  const size =
    textConfig(config)[key] ?? (key === 'num_key_value_heads' ? textConfig(config).num_attention_heads : null);
  return typeof size === 'number' ? size : null;
};

const paddedSizes = (donor: JsonObject, others: readonly JsonObject[]): Record<string, number> => {
  const sizes: Record<string, number> = {};
  for (const key of sizeKeys) {
    const own = textConfig(donor)[key];
    const most = Math.max(...others.map((config) => sizeIn(config, key) ?? 0));
    if (typeof own === 'number' && most > own) sizes[key] = most;
  }
  return sizes;
};

const flagOf = (config: JsonObject | null): unknown =>
  config?.tie_word_embeddings ?? (config === null ? undefined : textConfig(config).tie_word_embeddings);

const hasLanguageHead = (config: JsonObject | null): boolean => {
  const [name] = Array.isArray(config?.architectures) ? config.architectures : [];
  return typeof name === 'string' && /CausalLM|LMHead|ConditionalGeneration|MaskedLM/i.test(name);
};

/** Whether a model's head is its embedding, not stored or the same bytes. */
const isTied = ({ head, embedding, views }: Architecture): boolean => {
  if (head === null) return true;
  const [a, b] = [head, embedding ?? ''].map((key) => views.get(key)?.parts[0]);
  return a !== undefined && b !== undefined && a.file === b.file && a.offset === b.offset;
};

/** What the flag has to say, or null where it is right as it is. */
const tiedChange = (
  donor: Architecture,
  architectures: readonly Architecture[],
  isHeadWritten: boolean,
): boolean | null => {
  const { config } = donor.model.checkpoint;
  const flag = flagOf(config);
  if (isHeadWritten) return flag !== false && (flag === true || architectures.some(isTied)) ? false : null;
  return donor.embedding !== null && hasLanguageHead(config) && flag === false ? true : null;
};

export type ChangeContext = {
  readonly donor: Architecture;
  readonly architectures: readonly Architecture[];
  readonly grouped: readonly GroupedTensor[];
  readonly stacks: readonly StackedLayers[];
  readonly dtype: Dtype;
  /** Null: the tokens are the donor's. */
  readonly tokenizer: TokenizerPlan | null;
  /** The donor among the models of the plan. */
  readonly donorIndex: number;
  readonly isPadded: boolean;
};

/** What the merge changes of the donor's config.json. */
export const configChanges = (context: ChangeContext): ConfigChanges => {
  const { donor, architectures, grouped, stacks, dtype, tokenizer, donorIndex, isPadded } = context;
  const { config } = donor.model.checkpoint;
  const heads = new Set(architectures.flatMap(({ head }) => head ?? []));
  const before = donor.views.get(donor.embedding ?? '')?.shape[0];
  const rows = grouped.find(({ tensor }) => tensor.key === donor.embedding)?.group.shape[0];
  const configs = architectures.map(({ model }): JsonObject => model.checkpoint.config ?? {});
  return {
    dtype,
    stacks: stacks.map(({ stack, origins }) => ({
      key: stack.key,
      layers: stack.layers,
      origins: origins.map(({ architecture, index }) => ({
        config: architecture.model.checkpoint.config,
        layers: architecture.stacks.get(stack.key)?.layers ?? 0,
        index,
      })),
    })),
    vocabulary: tokenizer?.vocabSize ?? (rows === undefined || rows === before ? null : rows),
    isTied: tiedChange(
      donor,
      architectures,
      grouped.some(({ tensor }) => heads.has(tensor.key)),
    ),
    tokenIds: config === null ? {} : changedTokenIds({ ...textConfig(config), ...config }, tokenizer, donorIndex),
    sizes: isPadded && config !== null ? paddedSizes(config, configs) : {},
  };
};

/** A stack that config.json does not count cannot be loaded with another number of layers. */
export const checkCounts = (source: YamlSource, donor: Architecture, stacks: readonly StackedLayers[]): Fault[] => {
  const { config } = donor.model.checkpoint;
  return stacks.flatMap(({ stack, origins }) => {
    const paths = config === null ? [] : layerCountPaths(config, stack.key, stack.layers);
    if (paths.length > 0 || origins.length === stack.layers) return [];
    const message = `config.json of ${donor.model.reference.text} does not say how many layers ${stack.prefix} has; the merge has ${origins.length}`;
    return [
      source.faultAt([], {
        severity: 'warning',
        code: 'layer-count-unknown',
        message,
        hint: 'write the number into the config.json of the merge',
      }),
    ];
  });
};
