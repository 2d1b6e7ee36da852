import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/protocol/plan.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { decoderConfig, llama7b, llama13b, mistral7b, writeStandIn } from './stand-ins.js';

const folder = temporaryFolder();
for (const name of ['org/left-7b', 'org/right-7b']) writeStandIn(folder, name, llama7b);
for (const name of ['org/left-13b', 'org/right-13b', 'org/third-13b']) writeStandIn(folder, name, llama13b);
const mistral = (name: string) =>
  writeStandIn(folder, name, mistral7b, decoderConfig(mistral7b, ['MistralForCausalLM', 'mistral']));
for (const name of ['org/base', 'org/biology', 'org/chat', 'org/medicine']) mistral(name);

const planned = async (text: string) => {
  const start = performance.now();
  const { plan, faults } = await planText(folder, text);
  expect(faults).toEqual([]);
  expect(performance.now() - start).toBeLessThan(2000);
  return plan;
};
const operationOf = (plan: Plan | null, tensor: string) =>
  plan?.operations[plan.steps.find((step) => step.tensor === tensor)?.operation ?? -1];

/** A gradient along the layers, by its definition: linear between equally spaced values. */
const along = (values: readonly number[], layer: number, layers: number): number => {
  const place = (layer / (layers - 1)) * (values.length - 1);
  const left = Math.min(Math.floor(place), values.length - 2);
  return (values[left] ?? 0) * (left + 1 - place) + (values[left + 1] ?? 0) * (place - left);
};

describe('recipes of the kinds that are published, on the shapes of real models', () => {
  test('slerp of two models along gradients, one for attention and one for the MLPs', async () => {
    const plan = await planned(`slices:
  - sources:
      - model: org/left-7b
        layer_range: [0, 32]
      - model: org/right-7b
        layer_range: [0, 32]
merge_method: slerp
base_model: org/left-7b
parameters:
  t:
    - filter: self_attn
      value: [0, 0.4, 0.2, 0.8, 1]
    - filter: mlp
      value: [1, 0.6, 0.8, 0.2, 0]
    - value: 0.5
dtype: float16
`);
    expect(plan?.steps.length).toBe(291);
    for (const layer of [0, 7, 16, 31]) {
      const t = (rest: string) => operationOf(plan, `model.layers.${layer}.${rest}.weight`)?.shared.t;
      expect(t('self_attn.q_proj')).toBeCloseTo(along([0, 0.4, 0.2, 0.8, 1], layer, 32), 12);
      expect(t('mlp.up_proj')).toBeCloseTo(along([1, 0.6, 0.8, 0.2, 0], layer, 32), 12);
      expect(t('input_layernorm')).toBe(0.5);
    }
    expect(operationOf(plan, 'lm_head.weight')?.shared.t).toBe(0.5);
  });

  test('TIES with gradients of density and weight, and filters', async () => {
    const plan = await planned(
      `models:
  - model: org/left-13b
    parameters:
      density: [1, 0.7, 0.1]
      weight: 1.0
  - model: org/right-13b
    parameters:
      density: 0.5
      weight: [0, 0.3, 0.7, 1]
  - model: org/third-13b
    parameters:
      density: 0.33
      weight:
        - filter: mlp
          value: 0.5
        - value: 0
merge_method: ties
base_model: org/base-13b
parameters:
  normalize: true
  int8_mask: true
dtype: float16
`
        .replaceAll('org/base-13b', 'org/left-13b')
        .replace('  - model: org/left-13b\n    parameters:\n      density: [1, 0.7, 0.1]\n      weight: 1.0\n', ''),
    );
    const layer = 13;
    const [right, third] = operationOf(plan, `model.layers.${layer}.mlp.up_proj.weight`)?.perInput ?? [];
    expect(right?.density).toBe(0.5);
    expect(right?.weight).toBeCloseTo(along([0, 0.3, 0.7, 1], layer, 40), 12);
    expect(third).toEqual({ density: 0.33, weight: 0.5 });
    const loose = operationOf(plan, 'model.embed_tokens.weight')?.perInput;
    expect(loose).toEqual([
      { density: 0.5, weight: 0 },
      { density: 0.33, weight: 0 },
    ]);
    expect(operationOf(plan, 'model.norm.weight')?.shared).toMatchObject({ normalize: true, lambda: 1 });
  });

  test('DARE of several fine-tunes, with a weight per kind of tensor and a base that is listed', async () => {
    const plan = await planned(`models:
  - model: org/base
  - model: org/chat
    parameters: { density: 0.6, weight: 0.4 }
  - model: org/biology
    parameters:
      density: [0.4, 0.6]
      weight:
        - { filter: self_attn, value: [0.1, 0.5] }
        - { filter: mlp, value: [0.5, 0.1] }
        - { value: 0.3 }
  - model: org/medicine
    parameters: { density: 0.5, weight: 0.3 }
merge_method: dare_ties
base_model: org/base
parameters: { int8_mask: true }
dtype: bfloat16
`);
    expect(plan?.models.map(({ role }) => role)).toEqual(['base', 'input', 'input', 'input']);
    const biology = operationOf(plan, 'model.layers.31.self_attn.k_proj.weight')?.perInput[1];
    expect(biology?.density).toBeCloseTo(0.6, 12);
    expect(biology?.weight).toBeCloseTo(0.5, 12);
    expect(operationOf(plan, 'model.norm.weight')?.perInput[1]?.weight).toBe(0.3);
  });

  test('a stack of 44 layers out of two models of 40, each slice merged in its own way', async () => {
    const plan = await planned(`slices:
  - sources:
      - model: org/left-13b
        layer_range: [0, 24]
  - sources:
      - model: org/left-13b
        layer_range: [20, 24]
      - model: org/right-13b
        layer_range: [16, 20]
    parameters: { weight: [1, 0.5] }
  - sources:
      - model: org/right-13b
        layer_range: [24, 40]
merge_method: linear
parameters:
  weight: 1
dtype: float16
`);
    const config = JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');
    expect(config.num_hidden_layers).toBe(44);
    expect(plan?.steps.length).toBe(44 * 9 + 3);
    const inputs = plan?.steps.find(({ tensor }) => tensor === 'model.layers.25.mlp.up_proj.weight')?.inputs;
    expect(inputs?.map(({ tensor }) => tensor)).toEqual([
      'model.layers.21.mlp.up_proj.weight',
      'model.layers.17.mlp.up_proj.weight',
    ]);
    const weights = operationOf(plan, 'model.layers.25.mlp.up_proj.weight')?.perInput;
    for (const weight of weights ?? []) expect(weight.weight).toBeCloseTo(5 / 6, 12);
    expect(plan?.steps.find(({ tensor }) => tensor === 'model.layers.43.mlp.up_proj.weight')?.inputs[0]?.tensor).toBe(
      'model.layers.39.mlp.up_proj.weight',
    );
    const bytes = plan?.shards.reduce((sum, shard) => sum + shard.bytes, 0) ?? 0;
    const perLayer = 4 * 5120 * 5120 + 3 * 5120 * 13824 + 2 * 5120;
    const parameters = 44 * perLayer + 2 * 32000 * 5120 + 5120;
    const headers = plan?.shards.reduce((sum, { header }) => sum + 8 + Buffer.byteLength(header), 0) ?? 0;
    expect(bytes - headers).toBe(2 * parameters);
  });
});
