import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { type Decoder, decoderConfig, decoderTensors, llama7b, mistral7b, writeStandIn } from '../plan/stand-ins.js';

const tinyLlama: Decoder = { layers: 22, hidden: 2048, keyRows: 256, ffn: 5632, vocabulary: 32000, dtype: 'F32' };
const llama3: Decoder = { layers: 32, hidden: 4096, keyRows: 1024, ffn: 14336, vocabulary: 128256 };

/** Flan-T5-XL: 24 blocks each way, a head of its own. */
const t5Tensors = (): TestTensors => {
  const [hidden, inner, ffn, vocabulary, heads] = [2048, 2048, 5120, 32128, 32];
  const shapes: [string, number[]][] = [
    ['shared.weight', [vocabulary, hidden]],
    ['lm_head.weight', [vocabulary, hidden]],
  ];
  for (const stack of ['encoder', 'decoder']) {
    for (let block = 0; block < 24; block++) {
      const add = (name: string, ...shape: number[]) => shapes.push([`${stack}.block.${block}.layer.${name}`, shape]);
      const attention = (layer: string) => {
        for (const part of ['q', 'k', 'v']) add(`${layer}.${part}.weight`, inner, hidden);
        add(`${layer}.o.weight`, hidden, inner);
      };
      const feedForward = stack === 'encoder' ? 1 : 2;
      attention('0.SelfAttention');
      if (block === 0) add('0.SelfAttention.relative_attention_bias.weight', 32, heads);
      if (stack === 'decoder') attention('1.EncDecAttention');
      add(`${feedForward}.DenseReluDense.wi_0.weight`, ffn, hidden);
      add(`${feedForward}.DenseReluDense.wi_1.weight`, ffn, hidden);
      add(`${feedForward}.DenseReluDense.wo.weight`, hidden, ffn);
      for (let layer = 0; layer <= feedForward; layer++) add(`${layer}.layer_norm.weight`, hidden);
    }
    shapes.push([`${stack}.final_layer_norm.weight`, [hidden]]);
  }
  return Object.fromEntries(shapes.map(([name, shape]) => [name, { dtype: 'F32', shape }]));
};

const t5Config = {
  architectures: ['T5ForConditionalGeneration'],
  model_type: 't5',
  d_model: 2048,
  num_layers: 24,
  num_decoder_layers: 24,
  vocab_size: 32128,
  is_encoder_decoder: true,
  tie_word_embeddings: false,
};

/** A LoRA adapter of the weights of `base` whose names end so. */
const writeAdapter = (path: string, base: TestTensors, targets: readonly string[], rank: number): void => {
  const adapted = Object.entries(base).filter(([weight]) => targets.some((part) => weight.endsWith(`.${part}.weight`)));
  const tensors = Object.fromEntries(
    adapted.flatMap(
      ([
        weight,
        {
          shape: [rows = 0, columns = 0],
        },
      ]) => {
        const module = `base_model.model.${weight.replace(/\.weight$/, '')}`;
        return [
          [`${module}.lora_A.weight`, { dtype: 'F32', shape: [rank, columns] } as const],
          [`${module}.lora_B.weight`, { dtype: 'F32', shape: [rows, rank] } as const],
        ];
      },
    ),
  );
  const config = { peft_type: 'LORA', r: rank, lora_alpha: 2 * rank, target_modules: targets };
  writeCheckpoint(path, {
    tensors,
    config: null,
    sparse: true,
    files: { 'adapter_config.json': JSON.stringify(config) },
  });
  renameSync(join(path, 'model.safetensors'), join(path, 'adapter_model.safetensors'));
};

/** Writes stand-ins of all models that the kit's names merge, as `folder/org/name`. */
export const writeKitStandIns = (folder: string): void => {
  const at = (name: string) => join(folder, name);
  writeCheckpoint(at('google/flan-t5-xl'), { tensors: t5Tensors(), config: t5Config, sparse: true, shards: 2 });
  for (const name of ['wiki_qa_Is_This_True_', 'kilt_tasks_hotpotqa_complex_question']) {
    writeAdapter(at(`lorahub/flan_t5_xl-${name}`), t5Tensors(), ['q', 'v'], 16);
  }
  writeStandIn(folder, 'meta-llama/Llama-2-7b-hf', { ...llama7b, dtype: 'F16' });
  const linear = ['q_proj', 'k_proj', 'v_proj', 'o_proj', 'gate_proj', 'up_proj', 'down_proj'];
  writeAdapter(at('abcdabcd987/gsm8k-llama2-7b-lora-16'), decoderTensors(llama7b), linear, 16);
  writeAdapter(at('FinGPT/fingpt-forecaster_dow30_llama2-7b_lora'), decoderTensors(llama7b), linear, 8);
  for (const name of ['TinyLlama_v1.1', 'TinyLlama_v1.1_math_code'])
    writeStandIn(folder, `TinyLlama/${name}`, tinyLlama);
  for (const name of ['meta-llama/Meta-Llama-3-8B-Instruct', 'princeton-nlp/Llama-3-Instruct-8B-SimPO']) {
    writeStandIn(folder, name, llama3);
  }
  for (const name of ['HuggingFaceH4/zephyr-7b-beta', 'mistralai/Mistral-7B-Instruct-v0.1']) {
    writeStandIn(folder, name, mistral7b, decoderConfig(mistral7b, ['MistralForCausalLM', 'mistral']));
  }
};

/** Number of tensors of each base. */
export const tensorsOf = {
  flan: Object.keys(t5Tensors()).length,
  tiny: Object.keys(decoderTensors(tinyLlama)).length,
  other: Object.keys(decoderTensors(llama7b)).length,
} as const;
