const feedForward = ({ hidden, ffn, experts = 0 }) =>
  experts === 0
    ? [
        ['mlp.gate_proj', [ffn, hidden]],
        ['mlp.up_proj', [ffn, hidden]],
        ['mlp.down_proj', [hidden, ffn]],
      ]
    : [
        ['block_sparse_moe.gate', [experts, hidden]],
        ...Array.from({ length: experts }, (_, expert) => [
          [`block_sparse_moe.experts.${expert}.w1`, [ffn, hidden]],
          [`block_sparse_moe.experts.${expert}.w2`, [hidden, ffn]],
          [`block_sparse_moe.experts.${expert}.w3`, [ffn, hidden]],
        ]).flat(),
      ];

const layer = (shape) => [
  ['self_attn.q_proj', [shape.hidden, shape.hidden]],
  ['self_attn.k_proj', [shape.kv, shape.hidden]],
  ['self_attn.v_proj', [shape.kv, shape.hidden]],
  ['self_attn.o_proj', [shape.hidden, shape.hidden]],
  ...feedForward(shape),
  ['input_layernorm', [shape.hidden]],
  ['post_attention_layernorm', [shape.hidden]],
];

/**
 * Names and shapes of a Llama, or of a Mixtral where there are experts.
 * @returns {[name: string, shape: number[]][]}
 */
export const tensorsOf = (shape) => [
  ['model.embed_tokens.weight', [shape.vocab, shape.hidden]],
  ...Array.from({ length: shape.layers }, (_, number) =>
    layer(shape).map(([name, size]) => [`model.layers.${number}.${name}.weight`, size]),
  ).flat(),
  ['model.norm.weight', [shape.hidden]],
  ['lm_head.weight', [shape.vocab, shape.hidden]],
];

/** config.json of such a model. */
export const configOf = ({ hidden, ffn, layers, kv, vocab, head = 64, experts = 0 }) => ({
  architectures: [experts > 0 ? 'MixtralForCausalLM' : 'LlamaForCausalLM'],
  model_type: experts > 0 ? 'mixtral' : 'llama',
  hidden_size: hidden,
  intermediate_size: ffn,
  num_hidden_layers: layers,
  num_attention_heads: hidden / head,
  num_key_value_heads: kv / head,
  vocab_size: vocab,
  ...(experts > 0 ? { num_local_experts: experts } : {}),
  dtype: 'bfloat16',
});

/** The beginning of a safetensors file of such tensors in bfloat16, and the bytes that follow it. */
export const headerOf = (tensors) => {
  let end = 0;
  const header = { __metadata__: { format: 'pt' } };
  for (const [name, shape] of tensors) {
    const start = end;
    end += shape.reduce((product, length) => product * length, 2);
    header[name] = { dtype: 'BF16', shape, data_offsets: [start, end] };
  }
  const text = JSON.stringify(header);
  const padded = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8));
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return { header: Buffer.concat([length, padded]), dataBytes: end };
};
