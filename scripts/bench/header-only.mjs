import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';

const decoderLayer = ({ hidden, kv, ffn, experts }) => [
  ['self_attn.q_proj', [hidden, hidden]],
  ['self_attn.k_proj', [kv, hidden]],
  ['self_attn.v_proj', [kv, hidden]],
  ['self_attn.o_proj', [hidden, hidden]],
  ['input_layernorm', [hidden]],
  ['post_attention_layernorm', [hidden]],
  ...(experts === 0
    ? [
        ['mlp.gate_proj', [ffn, hidden]],
        ['mlp.up_proj', [ffn, hidden]],
        ['mlp.down_proj', [hidden, ffn]],
      ]
    : [['block_sparse_moe.gate', [experts, hidden]]]),
  ...Array.from({ length: experts }, (_, expert) => [
    [`block_sparse_moe.experts.${expert}.w1`, [ffn, hidden]],
    [`block_sparse_moe.experts.${expert}.w2`, [hidden, ffn]],
    [`block_sparse_moe.experts.${expert}.w3`, [ffn, hidden]],
  ]).flat(),
];

/**
 * Names and shapes of a Llama, or of a Mixtral where there are experts.
 * @returns {[name: string, shape: number[]][]}
 */
export const tensorsOf = (shape) => [
  ['model.embed_tokens.weight', [shape.vocabulary, shape.hidden]],
  ...Array.from({ length: shape.layers }, (_, layer) =>
    decoderLayer(shape).map(([name, size]) => [`model.layers.${layer}.${name}.weight`, size]),
  ).flat(),
  ['model.norm.weight', [shape.hidden]],
  ['lm_head.weight', [shape.vocabulary, shape.hidden]],
];

const configOf = ({ hidden, kv, ffn, experts, layers, vocabulary }) => ({
  architectures: [experts > 0 ? 'MixtralForCausalLM' : 'LlamaForCausalLM'],
  model_type: experts > 0 ? 'mixtral' : 'llama',
  hidden_size: hidden,
  intermediate_size: ffn,
  num_hidden_layers: layers,
  num_attention_heads: hidden / 128,
  num_key_value_heads: kv / 128,
  vocab_size: vocabulary,
  ...(experts > 0 ? { num_local_experts: experts } : {}),
  dtype: 'bfloat16',
});

/** One shard: a header, and room for the numbers that takes none on the disk. */
const writeShard = (path, tensors) => {
  let end = 0;
  const header = Object.fromEntries(
    tensors.map(([name, shape]) => {
      const start = end;
      end += shape.reduce((product, length) => product * length, 2);
      return [name, { dtype: 'BF16', shape, data_offsets: [start, end] }];
    }),
  );
  const text = Buffer.from(JSON.stringify(header));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const file = openSync(path, 'w');
  writeSync(file, Buffer.concat([length, text]));
  ftruncateSync(file, 8 + text.length + end);
  closeSync(file);
  return end;
};

/** Writes a checkpoint of bfloat16 without its numbers, in so many shards; gives its tensors and bytes. */
export const writeHeaderOnly = (folder, shape) => {
  mkdirSync(folder, { recursive: true });
  const tensors = tensorsOf(shape);
  const each = Math.ceil(tensors.length / shape.shards);
  const weightMap = {};
  let bytes = 0;
  for (let number = 0; number < shape.shards; number++) {
    const name = `model-${`${number + 1}`.padStart(5, '0')}-of-${`${shape.shards}`.padStart(5, '0')}.safetensors`;
    const held = tensors.slice(number * each, (number + 1) * each);
    for (const [tensor] of held) weightMap[tensor] = name;
    bytes += writeShard(join(folder, name), held);
  }
  const index = { metadata: { total_size: bytes }, weight_map: weightMap };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
  return { tensors: tensors.length, bytes };
};
