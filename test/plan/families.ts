import type { TestTensors } from '../helpers/checkpoint.js';

/** A family of models: the names and relative sizes of its tensors, small, and its config.json. */
export type Family = {
  readonly tensors: (layers: number) => TestTensors;
  readonly config: (layers: number) => Record<string, unknown>;
  readonly embedding: string;
  readonly head: string | null;
  /** Layer prefixes of the stacks that config.json counts, and the path of their count. */
  readonly stacks: Readonly<Record<string, string>>;
};

const vocabulary = 12;
const hidden = 4;

type Shapes = Record<string, number[]>;

const asTensors = (shapes: Shapes): TestTensors =>
  Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { dtype: 'F32', shape }]));

const repeat = (layers: number, prefix: string, rests: Shapes): Shapes =>
  Object.fromEntries(
    Array.from({ length: layers }, (_, layer) => layer).flatMap((layer) =>
      Object.entries(rests).map(([rest, shape]) => [`${prefix}.${layer}.${rest}`, shape]),
    ),
  );

const square = [hidden, hidden];
const table = [vocabulary, hidden];
const attention: Shapes = Object.fromEntries(
  ['q', 'k', 'v', 'o'].map((name) => [`self_attn.${name}_proj.weight`, square]),
);
const mlp: Shapes = Object.fromEntries(['gate', 'up', 'down'].map((name) => [`mlp.${name}_proj.weight`, square]));
const norms: Shapes = { 'input_layernorm.weight': [hidden], 'post_attention_layernorm.weight': [hidden] };

const decoder = (
  [architecture, type]: readonly [string, string],
  { layer = {}, tied = false, prefix = 'model' }: { layer?: Shapes; tied?: boolean; prefix?: string } = {},
): Family => ({
  tensors: (layers) =>
    asTensors({
      [`${prefix}.embed_tokens.weight`]: table,
      ...repeat(layers, `${prefix}.layers`, { ...attention, ...mlp, ...norms, ...layer }),
      [`${prefix}.norm.weight`]: [hidden],
      ...(tied ? {} : { 'lm_head.weight': table }),
    }),
  config: (layers) => ({
    architectures: [architecture],
    model_type: type,
    vocab_size: vocabulary,
    num_hidden_layers: layers,
    tie_word_embeddings: tied,
  }),
  embedding: `${prefix}.embed_tokens.weight`,
  head: tied ? null : 'lm_head.weight',
  stacks: { [`${prefix}.layers`]: 'num_hidden_layers' },
});

const experts = (block: string, names: readonly string[]): Shapes => ({
  [`${block}.gate.weight`]: [2, hidden],
  ...Object.fromEntries(
    [0, 1].flatMap((expert) => names.map((name) => [`${block}.experts.${expert}.${name}.weight`, square])),
  ),
});

const t5Block = (half: 'encoder' | 'decoder'): Shapes => ({
  'layer.0.SelfAttention.q.weight': square,
  'layer.0.layer_norm.weight': [hidden],
  ...(half === 'decoder' ? { 'layer.1.EncDecAttention.q.weight': square } : {}),
  [`layer.${half === 'decoder' ? 2 : 1}.DenseReluDense.wi_0.weight`]: square,
});

/** By name; the shapes are small, the names are those of the real files. */
export const families: Readonly<Record<string, Family>> = {
  'Llama 2': decoder(['LlamaForCausalLM', 'llama']),
  'Llama 3.2': decoder(['LlamaForCausalLM', 'llama'], { tied: true }),
  Mistral: decoder(['MistralForCausalLM', 'mistral']),
  'Qwen 2': decoder(['Qwen2ForCausalLM', 'qwen2'], { layer: { 'self_attn.q_proj.bias': [hidden] } }),
  'Qwen 3': decoder(['Qwen3ForCausalLM', 'qwen3'], { layer: { 'self_attn.q_norm.weight': [2] } }),
  'Gemma 2': decoder(['Gemma2ForCausalLM', 'gemma2'], {
    tied: true,
    layer: { 'pre_feedforward_layernorm.weight': [hidden], 'post_feedforward_layernorm.weight': [hidden] },
  }),
  'Gemma 3': decoder(['Gemma3ForCausalLM', 'gemma3_text'], { tied: true, layer: { 'self_attn.q_norm.weight': [2] } }),
  'Phi 3': decoder(['Phi3ForCausalLM', 'phi3'], { layer: { 'self_attn.qkv_proj.weight': [12, hidden] } }),
  Mixtral: decoder(['MixtralForCausalLM', 'mixtral'], { layer: experts('block_sparse_moe', ['w1', 'w2', 'w3']) }),
  'Qwen 2 MoE': decoder(['Qwen2MoeForCausalLM', 'qwen2_moe'], {
    layer: {
      ...experts('mlp', ['gate_proj', 'up_proj', 'down_proj']),
      'mlp.shared_expert.up_proj.weight': square,
      'mlp.shared_expert_gate.weight': [1, hidden],
    },
  }),
  'Qwen 3 MoE, fused': decoder(['Qwen3MoeForCausalLM', 'qwen3_moe'], {
    layer: { 'mlp.experts.gate_up_proj': [2, 8, hidden], 'mlp.experts.down_proj': [2, hidden, hidden] },
  }),
  'GPT-2': {
    tensors: (layers) =>
      asTensors({
        'transformer.wte.weight': table,
        'transformer.wpe.weight': [8, hidden],
        ...repeat(layers, 'transformer.h', {
          'ln_1.weight': [hidden],
          'attn.c_attn.weight': [hidden, 12],
          'attn.c_attn.bias': [12],
        }),
        'transformer.ln_f.weight': [hidden],
        'transformer.ln_f.bias': [hidden],
      }),
    config: (layers) => ({
      architectures: ['GPT2LMHeadModel'],
      model_type: 'gpt2',
      vocab_size: vocabulary,
      n_layer: layers,
    }),
    embedding: 'transformer.wte.weight',
    head: null,
    stacks: { 'transformer.h': 'n_layer' },
  },
  T5: {
    tensors: (layers) =>
      asTensors({
        ...repeat(layers, 'decoder.block', t5Block('decoder')),
        'decoder.final_layer_norm.weight': [hidden],
        ...repeat(layers, 'encoder.block', t5Block('encoder')),
        'encoder.final_layer_norm.weight': [hidden],
        'lm_head.weight': table,
        'shared.weight': table,
      }),
    config: (layers) => ({
      architectures: ['T5ForConditionalGeneration'],
      model_type: 't5',
      vocab_size: vocabulary,
      num_layers: layers,
      num_decoder_layers: layers,
      tie_word_embeddings: false,
    }),
    embedding: 'shared.weight',
    head: 'lm_head.weight',
    stacks: { 'encoder.block': 'num_layers', 'decoder.block': 'num_decoder_layers' },
  },
  BERT: {
    tensors: (layers) =>
      asTensors({
        'bert.embeddings.word_embeddings.weight': table,
        'bert.embeddings.position_embeddings.weight': [8, hidden],
        'bert.embeddings.LayerNorm.gamma': [hidden],
        'bert.embeddings.LayerNorm.beta': [hidden],
        ...repeat(layers, 'bert.encoder.layer', {
          'attention.self.query.weight': square,
          'output.LayerNorm.gamma': [hidden],
        }),
        'cls.predictions.bias': [vocabulary],
        'cls.predictions.transform.dense.weight': square,
        'cls.predictions.decoder.weight': table,
      }),
    config: (layers) => ({
      architectures: ['BertForMaskedLM'],
      model_type: 'bert',
      vocab_size: vocabulary,
      num_hidden_layers: layers,
    }),
    embedding: 'bert.embeddings.word_embeddings.weight',
    head: 'cls.predictions.decoder.weight',
    stacks: { 'bert.encoder.layer': 'num_hidden_layers' },
  },
  'Qwen 2 VL': {
    tensors: (layers) =>
      asTensors({
        'model.language_model.embed_tokens.weight': table,
        ...repeat(layers, 'model.language_model.layers', { ...attention, ...norms }),
        'model.language_model.norm.weight': [hidden],
        'model.visual.patch_embed.proj.weight': [hidden, 3, 2, 2],
        ...repeat(layers + 3, 'model.visual.blocks', { 'attn.qkv.weight': [12, hidden], 'norm1.weight': [hidden] }),
        'model.visual.merger.mlp.0.weight': square,
        'model.visual.merger.mlp.2.weight': square,
        'lm_head.weight': table,
      }),
    config: (layers) => ({
      architectures: ['Qwen2VLForConditionalGeneration'],
      model_type: 'qwen2_vl',
      text_config: { num_hidden_layers: layers, vocab_size: vocabulary },
      vision_config: { depth: layers + 3 },
    }),
    embedding: 'model.language_model.embed_tokens.weight',
    head: 'lm_head.weight',
    stacks: {
      'model.language_model.layers': 'text_config.num_hidden_layers',
      'model.visual.blocks': 'vision_config.depth',
    },
  },
  'a made-up model': {
    tensors: (layers) =>
      asTensors({
        'tok.matrix': table,
        ...repeat(layers, 'trunk.cells', { 'mix.w': square, 'gain.w': [hidden] }),
        'out.matrix': table,
      }),
    config: (layers) => ({ architectures: ['NovelLM'], model_type: 'novel', vocab_size: vocabulary, depth: layers }),
    embedding: 'tok.matrix',
    head: 'out.matrix',
    stacks: { 'trunk.cells': 'depth' },
  },
};
