import { join } from 'node:path';
import type { Dtype } from '../../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../../helpers/checkpoint.js';
import { type TokenizerOptions, tokenizerFiles } from './tokenizer.js';

export type TinyModel = {
  readonly layers?: number;
  readonly ffn?: number;
  /** Heads of keys and values; there are four of queries. */
  readonly keyHeads?: number;
  /** Rows of the embedding, and of the head. */
  readonly vocabulary?: number;
  /** Without a head of its own. */
  readonly tied?: boolean;
  readonly dtype?: Dtype;
  /** Which random numbers are added to those of the base; left out: none. */
  readonly tune?: number;
  /** Size of those numbers; a tenth of the base's when left out. */
  readonly noise?: number;
  /** Left out: the tokenizer of the base, with 320 tokens. */
  readonly tokenizer?: TokenizerOptions | null;
  readonly config?: Readonly<Record<string, unknown>>;
  /** Headers without data, for models that are only planned with. */
  readonly sparse?: boolean;
  /** Tensors besides those of a Llama, or in their place. */
  readonly more?: TestTensors;
  readonly files?: Readonly<Record<string, string>>;
};

export const hidden = 32;
const headSize = 8;

/** Marsaglia's xorshift32 as numbers in [-1, 1). */
export const randomNumbers = (seed: number): (() => number) => {
  let state = (seed + 1) * 0x9e3779b9;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state / 2 ** 31;
  };
};

const shapesOf = ({ layers = 4, ffn = 96, keyHeads = 2, vocabulary = 320, tied = false }: TinyModel) => {
  const shapes: Record<string, readonly number[]> = { 'model.embed_tokens.weight': [vocabulary, hidden] };
  for (let layer = 0; layer < layers; layer++) {
    const prefix = `model.layers.${layer}`;
    Object.assign(shapes, {
      [`${prefix}.input_layernorm.weight`]: [hidden],
      [`${prefix}.mlp.down_proj.weight`]: [hidden, ffn],
      [`${prefix}.mlp.gate_proj.weight`]: [ffn, hidden],
      [`${prefix}.mlp.up_proj.weight`]: [ffn, hidden],
      [`${prefix}.post_attention_layernorm.weight`]: [hidden],
      [`${prefix}.self_attn.k_proj.weight`]: [keyHeads * headSize, hidden],
      [`${prefix}.self_attn.o_proj.weight`]: [hidden, hidden],
      [`${prefix}.self_attn.q_proj.weight`]: [hidden, hidden],
      [`${prefix}.self_attn.v_proj.weight`]: [keyHeads * headSize, hidden],
    });
  }
  shapes['model.norm.weight'] = [hidden];
  if (!tied) shapes['lm_head.weight'] = [vocabulary, hidden];
  return shapes;
};

const seedOf = (name: string): number =>
  [...name].reduce((sum, letter) => (sum * 31 + letter.charCodeAt(0)) % 65_521, 7);

/** The tensors of a Llama: the same numbers for the same names, and smaller ones added by tuning. */
export const tensorsOf = (model: TinyModel): TestTensors => {
  const { dtype = 'BF16', tune, noise: size = 0.02, sparse = false } = model;
  return Object.fromEntries(
    Object.entries(shapesOf(model)).map(([name, shape]) => {
      if (sparse) return [name, { dtype, shape }];
      // A head is like the embedding, so that tied models and others are relatives.
      const base = randomNumbers(seedOf(name.replace('lm_head', 'model.embed_tokens')));
      const noise = randomNumbers(seedOf(name) + 65_521 * ((tune ?? 0) + 1));
      const middle = name.endsWith('norm.weight') ? 1 : 0;
      const elements = shape.reduce((product, size) => product * size, 1);
      const data = Array.from(
        { length: elements },
        () => middle + 0.2 * base() + (tune === undefined ? 0 : size * noise()),
      );
      return [name, { dtype, shape, data }];
    }),
  );
};

export const configOf = ({ layers = 4, ffn = 96, keyHeads = 2, vocabulary = 320, tied = false }: TinyModel) => ({
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  vocab_size: vocabulary,
  hidden_size: hidden,
  intermediate_size: ffn,
  num_hidden_layers: layers,
  num_attention_heads: hidden / headSize,
  num_key_value_heads: keyHeads,
  head_dim: headSize,
  hidden_act: 'silu',
  max_position_embeddings: 128,
  rms_norm_eps: 1e-6,
  rope_theta: 10_000,
  tie_word_embeddings: tied,
  bos_token_id: 318,
  eos_token_id: 319,
  torch_dtype: 'bfloat16',
});

/** Writes tiny Llamas by name into `folder`, in two shards, each with its tokenizer. */
export const writeModels = (folder: string, models: Readonly<Record<string, TinyModel>>): void => {
  for (const [name, model] of Object.entries(models)) {
    const { tokenizer = {}, config, sparse, more, files } = model;
    writeCheckpoint(join(folder, name), {
      tensors: { ...tensorsOf(model), ...more },
      config: { ...configOf(model), ...config },
      shards: 2,
      ...(sparse !== undefined && { sparse }),
      files: { ...(tokenizer !== null && tokenizerFiles(tokenizer)), ...files },
    });
  }
};
