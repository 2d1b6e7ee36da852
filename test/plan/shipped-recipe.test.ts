import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { exitCodeOf } from '../../src/fault.js';
import { planRecipe } from '../../src/run/plan-recipe.js';
import { pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { decoderConfig, llama7b, mistral7b, writeStandIn } from './stand-ins.js';

const recipe = fileURLToPath(new URL('../../configs/recipes/ultra_llm_merged.yml', import.meta.url));
const folder = temporaryFolder();
const wizard = { ...llama7b, vocabulary: 32001 };
const code = { ...llama7b, vocabulary: 32016 };
const mistral = 'mistralai/Mistral-7B-v0.1';
writeStandIn(folder, mistral, mistral7b, {
  ...decoderConfig(mistral7b, ['MistralForCausalLM', 'mistral']),
  num_attention_heads: 32,
  num_key_value_heads: 8,
});
for (const [name, decoder] of [
  ['WizardLM/WizardMath-7B-V1.0', wizard],
  ['codellama/CodeLlama-7b-Instruct-hf', code],
] as const) {
  writeStandIn(folder, name, decoder, { ...decoderConfig(decoder), num_attention_heads: 32 });
}

const plan = (options: Partial<Parameters<typeof planRecipe>[1]> = {}) =>
  planRecipe(recipe, {
    cwd: folder,
    findRepository: () => {
      throw new Error('the stand-ins need no Hub');
    },
    seed: 0,
    allowCrimes: true,
    ...options,
  });

describe('the recipe that users start from, on the shapes of its models', () => {
  test('is refused with every kind of misfit, and the ways out', async () => {
    const start = performance.now();
    const { faults, plan: planned } = await plan();
    expect(performance.now() - start).toBeLessThan(2000);
    expect(planned).toBeNull();
    expect(exitCodeOf(faults)).toBe(6);
    const errors = faults.filter(({ severity }) => severity === 'error');
    expect(errors.map(pointing).sort()).toEqual([
      'shape-mismatch@6:12 WizardLM/WizardMath-7B-V1.0',
      'shape-mismatch@6:12 WizardLM/WizardMath-7B-V1.0',
      'vocabulary-mismatch@6:12 WizardLM/WizardMath-7B-V1.0',
    ]);
    const text = errors.map(({ message }) => message).join('\n');
    const others = 'WizardLM/WizardMath-7B-V1.0 and codellama/CodeLlama-7b-Instruct-hf';
    expect(text).toContain(`keys and values of attention 1024 in ${mistral}; 4096 in ${others} (64 tensors`);
    expect(text).toContain(`MLP 14336 in ${mistral}; 11008 in ${others} (96 tensors`);
    expect(text).toContain(
      `vocabulary 32000 in ${mistral}; 32001 in WizardLM/WizardMath-7B-V1.0; 32016 in codellama/CodeLlama-7b-Instruct-hf (2 tensors: model.embed_tokens.weight, lm_head.weight)`,
    );
    for (const { hint } of errors) expect(hint).toContain('--on-mismatch skip');
  });

  test('also says that the architectures differ, unless that is allowed', async () => {
    const { faults } = await plan({ allowCrimes: false });
    expect(faults.filter(({ severity }) => severity === 'error').map(pointing)).toContain(
      'different-architectures@6:12 WizardLM/WizardMath-7B-V1.0',
    );
  });

  test('keeps the base where models differ, loudly, when asked to skip', async () => {
    const { faults, plan: planned } = await plan({ onMismatch: 'skip' });
    expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
    const skipped = faults.filter(({ code }) => code === 'mismatch-skipped');
    expect(skipped.map(({ message }) => /takes no part in (\d+) tensors/.exec(message)?.[1])).toEqual(['162', '162']);
    const inputs = new Map(planned?.steps.map(({ tensor, inputs }) => [tensor, inputs.map(({ model }) => model)]));
    expect(inputs.get('model.layers.3.self_attn.q_proj.weight')).toEqual([1, 2]);
    expect(inputs.get('model.layers.3.self_attn.k_proj.weight')).toEqual([0]);
    expect(inputs.get('model.layers.3.mlp.up_proj.weight')).toEqual([0]);
    expect(inputs.get('lm_head.weight')).toEqual([0]);
    // The base is stored as bfloat16 and the merge as float16, so that even what is kept has to be converted.
    const kept = planned?.steps.find(({ tensor }) => tensor === 'lm_head.weight');
    expect(planned?.operations[kept?.operation ?? -1]).toEqual({
      method: 'passthrough',
      shared: {},
      perInput: [{ scale: 1 }],
    });
  });

  test('pads to the largest, and makes config.json true to that', async () => {
    const { faults, plan: planned } = await plan({ onMismatch: 'pad' });
    expect(faults.filter(({ severity }) => severity === 'error')).toEqual([]);
    const shapes = new Map(planned?.steps.map(({ tensor, shape }) => [tensor, shape]));
    expect(shapes.get('model.layers.3.self_attn.k_proj.weight')).toEqual([4096, 4096]);
    expect(shapes.get('model.layers.3.mlp.down_proj.weight')).toEqual([4096, 14336]);
    expect(shapes.get('model.embed_tokens.weight')).toEqual([32016, 4096]);
    const config = JSON.parse(planned?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');
    expect(config).toMatchObject({
      architectures: ['MistralForCausalLM'],
      vocab_size: 32016,
      num_key_value_heads: 32,
      intermediate_size: 14336,
      dtype: 'float16',
    });
  });

  test('takes the weight of WizardMath from its filters', async () => {
    const { plan: planned } = await plan({ onMismatch: 'skip' });
    const step = planned?.steps.find(({ tensor }) => tensor === 'model.layers.3.self_attn.q_proj.weight');
    expect(planned?.operations[step?.operation ?? -1]?.perInput).toEqual([
      { weight: 0, density: 0.5 },
      { weight: 0.5, density: 0.5 },
    ]);
    expect(join(folder, mistral)).toBe(planned?.models[0]?.path);
  });
});
