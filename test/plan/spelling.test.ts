import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { commonSpelling, withoutWrappers } from '../../src/plan/canonical.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

test.each([
  ['transformer.wte.weight', 'wte.weight'],
  ['model.language_model.embed_tokens.weight', 'embed_tokens.weight'],
  ['language_model.model.norm.weight', 'norm.weight'],
  ['language_model.lm_head.weight', 'lm_head.weight'],
  ['_orig_mod.model.norm.weight', 'norm.weight'],
  ['encoder.final_layer_norm.weight', 'encoder.final_layer_norm.weight'],
  ['model', 'model'],
])('%s is %s', (name, expected) => {
  expect(withoutWrappers(name)).toBe(expected);
});

test.each([
  ['output.LayerNorm.gamma', 'output.LayerNorm.weight'],
  ['output.LayerNorm.beta', 'output.LayerNorm.bias'],
  ['gamma', 'gamma'],
  ['block_sparse_moe.experts.3.w1.weight', 'mlp.experts.3.gate_proj.weight'],
  ['block_sparse_moe.experts.3.w2.weight', 'mlp.experts.3.down_proj.weight'],
  ['block_sparse_moe.experts.3.w3.weight', 'mlp.experts.3.up_proj.weight'],
  ['block_sparse_moe.gate.weight', 'mlp.gate.weight'],
  ['mlp.w1.weight', 'mlp.w1.weight'],
])('%s is spelled %s', (name, expected) => {
  expect(commonSpelling(name)).toBe(expected);
});

const folder = temporaryFolder();
const write = (name: string, names: readonly string[], architecture: string, type: string) => {
  const tensors: TestTensors = Object.fromEntries(names.map((tensor) => [tensor, { dtype: 'F32', shape: [4] }]));
  writeCheckpoint(join(folder, name), { tensors, config: { architectures: [architecture], model_type: type } });
};
const inputsOf = async (base: string, other: string) => {
  const text = `merge_method: task_arithmetic\nbase_model: ${base}\nmodels: [{ model: ${other} }]\nparameters: { weight: 1 }\n`;
  const { plan, faults } = await planText(folder, text);
  return { faults, pairs: plan?.steps.map((step) => [step.tensor, step.base?.tensor, step.inputs[0]?.tensor]) };
};

describe('tensors are the same under', () => {
  test('names with and without the prefix of their class; the output has those of the base', async () => {
    const bare = ['wte.weight', 'h.0.ln_1.weight', 'h.1.ln_1.weight', 'ln_f.weight'];
    write('bare', bare, 'GPT2LMHeadModel', 'gpt2');
    const wrapped = bare.map((name) => `transformer.${name}`);
    write('wrapped', wrapped.toReversed(), 'GPT2LMHeadModel', 'gpt2');
    for (const [base, other, own, theirs] of [
      ['bare', 'wrapped', bare, wrapped],
      ['wrapped', 'bare', wrapped.toReversed(), bare.toReversed()],
    ] as const) {
      const { faults, pairs } = await inputsOf(base, other);
      expect(faults).toEqual([]);
      expect(pairs).toEqual(own.map((name, index) => [name, name, theirs[index]]));
    }
  });

  test('old and new names of a norm', async () => {
    write(
      'old',
      ['bert.embeddings.LayerNorm.gamma', 'bert.encoder.layer.0.output.LayerNorm.beta'],
      'BertModel',
      'bert',
    );
    write('new', ['embeddings.LayerNorm.weight', 'encoder.layer.0.output.LayerNorm.bias'], 'BertModel', 'bert');
    const { faults, pairs } = await inputsOf('new', 'old');
    expect(faults).toEqual([]);
    expect(pairs?.map(([name]) => name)).toEqual([
      'embeddings.LayerNorm.weight',
      'encoder.layer.0.output.LayerNorm.bias',
    ]);
  });
});

test('two tensors that would get one name keep their own', async () => {
  const names = ['norm.weight', 'model.norm.weight'];
  write('twofold', names, 'OddModel', 'odd');
  write('twofold-too', names, 'OddModel', 'odd');
  const { faults, pairs } = await inputsOf('twofold', 'twofold-too');
  expect(faults).toEqual([]);
  expect(pairs).toEqual(names.map((name) => [name, name, name]));
});

test('masks and frequencies that every loader computes are left out', async () => {
  const computed: TestTensors = {
    'h.0.attn.bias': { dtype: 'U8', shape: [1, 1, 8, 8] },
    'h.0.attn.masked_bias': { dtype: 'F32', shape: [] },
    'model.layers.0.self_attn.rotary_emb.inv_freq': { dtype: 'F32', shape: [2] },
    'h.0.attn.c_attn.bias': { dtype: 'F32', shape: [12] },
  };
  for (const name of ['masks', 'masks-too']) writeCheckpoint(join(folder, name), { tensors: computed });
  const { pairs } = await inputsOf('masks', 'masks-too');
  expect(pairs?.map(([name]) => name)).toEqual(['h.0.attn.c_attn.bias']);
});
