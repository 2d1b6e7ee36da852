import { renameSync } from 'node:fs';
import { join } from 'node:path';
import type { Dtype } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';

/** Shapes of a decoder of Llama's kind. */
export type Decoder = {
  readonly layers: number;
  readonly hidden: number;
  /** Rows of the key and value projections. */
  readonly keyRows: number;
  readonly ffn: number;
  readonly vocabulary: number;
  readonly tied?: boolean;
  readonly bias?: boolean;
  readonly queryNorm?: boolean;
  readonly dtype?: Dtype;
  readonly prefix?: string;
};

/** Shapes only: the files of stand-ins hold no data. */
export const decoderTensors = (decoder: Decoder): TestTensors => {
  const { layers, hidden, keyRows, ffn, vocabulary, dtype = 'BF16', prefix = 'model.' } = decoder;
  const shapes: [string, number[]][] = [[`${prefix}embed_tokens.weight`, [vocabulary, hidden]]];
  for (let layer = 0; layer < layers; layer++) {
    const add = (name: string, ...shape: number[]) => shapes.push([`${prefix}layers.${layer}.${name}`, shape]);
    add('input_layernorm.weight', hidden);
    add('mlp.down_proj.weight', hidden, ffn);
    add('mlp.gate_proj.weight', ffn, hidden);
    add('mlp.up_proj.weight', ffn, hidden);
    add('post_attention_layernorm.weight', hidden);
    add('self_attn.q_proj.weight', hidden, hidden);
    add('self_attn.k_proj.weight', keyRows, hidden);
    add('self_attn.v_proj.weight', keyRows, hidden);
    add('self_attn.o_proj.weight', hidden, hidden);
    if (decoder.bias) add('self_attn.q_proj.bias', hidden);
    if (decoder.queryNorm) add('self_attn.q_norm.weight', 128);
  }
  shapes.push([`${prefix}norm.weight`, [hidden]]);
  if (!decoder.tied) shapes.push(['lm_head.weight', [vocabulary, hidden]]);
  return Object.fromEntries(shapes.map(([name, shape]) => [name, { dtype, shape }]));
};

/** config.json of such a decoder. */
export const decoderConfig = (
  { layers, hidden, ffn, vocabulary, tied = false }: Decoder,
  [architecture, type] = ['LlamaForCausalLM', 'llama'],
): Record<string, unknown> => ({
  architectures: [architecture],
  model_type: type,
  hidden_size: hidden,
  intermediate_size: ffn,
  num_hidden_layers: layers,
  vocab_size: vocabulary,
  tie_word_embeddings: tied,
});

/** Writes a stand-in into `folder/name`. */
export const writeStandIn = (
  folder: string,
  name: string,
  decoder: Decoder,
  config: Record<string, unknown> = decoderConfig(decoder),
): void => {
  writeCheckpoint(join(folder, name), { tensors: decoderTensors(decoder), config, sparse: true, shards: 2 });
};

export const mistral7b: Decoder = { layers: 32, hidden: 4096, keyRows: 1024, ffn: 14336, vocabulary: 32000 };
export const llama7b: Decoder = { layers: 32, hidden: 4096, keyRows: 4096, ffn: 11008, vocabulary: 32000 };
export const llama13b: Decoder = { layers: 40, hidden: 5120, keyRows: 5120, ffn: 13824, vocabulary: 32000 };

/** Writes a LoRA adapter of rank 2 and scale 1; tensors by their names in the model. */
export const writeAdapter = (folder: string, name: string, tensors: TestTensors): void => {
  const prefixed = Object.entries(tensors).map(([key, tensor]) => [`base_model.model.${key}`, tensor]);
  const path = writeCheckpoint(join(folder, name), {
    tensors: Object.fromEntries(prefixed),
    config: null,
    files: { 'adapter_config.json': JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 2 }) },
  });
  renameSync(join(path, 'model.safetensors'), join(path, 'adapter_model.safetensors'));
};
