import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 2, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 10 };
const write = (name: string, decoder: Decoder) =>
  writeCheckpoint(join(folder, name), { tensors: decoderTensors(decoder), config: decoderConfig(decoder) });
write('base', tiny);
write('same', tiny);
write('narrow', { ...tiny, ffn: 6, keyRows: 2 });
write('more-tokens', { ...tiny, vocabulary: 13 });
write('fewer-tokens', { ...tiny, vocabulary: 9 });
write('deep', { ...tiny, layers: 3 });

const ties = (...models: readonly string[]) =>
  `merge_method: ties\nbase_model: base\nmodels: [${models.map((model) => `{ model: ${model} }`).join(', ')}]\nparameters: { weight: 1 }\n`;
const stepOf = (plan: Plan | null, tensor: string) => plan?.steps.find((step) => step.tensor === tensor);
const configOf = (plan: Plan | null) =>
  JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');
const up = 'model.layers.1.mlp.up_proj.weight';
const embedding = 'model.embed_tokens.weight';

describe('models that do not fit', () => {
  test('are a fault per kind of misfit, with all models, sizes and numbers of tensors', async () => {
    const { plan, faults } = await planText(folder, ties('same', 'narrow', 'more-tokens'));
    expect(plan).toBeNull();
    expect(faults.map(({ code, exitCode, message }) => [code, exitCode, message.replace(/^.*other: /, '')])).toEqual([
      [
        'shape-mismatch',
        6,
        'MLP 8 in base and same and more-tokens; 6 in narrow (6 tensors: model.layers.*.mlp.down_proj.weight, model.layers.*.mlp.gate_proj.weight, model.layers.*.mlp.up_proj.weight)',
      ],
      [
        'shape-mismatch',
        6,
        'keys and values of attention 4 in base and same and more-tokens; 2 in narrow (4 tensors: model.layers.*.self_attn.k_proj.weight, model.layers.*.self_attn.v_proj.weight)',
      ],
      [
        'vocabulary-mismatch',
        6,
        'vocabulary 10 in base and same and narrow; 13 in more-tokens (2 tensors: model.embed_tokens.weight, lm_head.weight)',
      ],
    ]);
  });

  test('leave tensors to those that fit when asked to skip', async () => {
    const { plan, faults } = await planText(folder, ties('same', 'narrow'), { onMismatch: 'skip' });
    expect(faults).toMatchObject([{ code: 'mismatch-skipped', severity: 'warning' }]);
    expect(faults[0]?.message).toMatch(/^narrow takes no part in 10 tensors/);
    expect(stepOf(plan, up)?.inputs.map(({ model }) => plan?.models[model]?.reference)).toEqual(['same']);
    expect(plan?.operations[stepOf(plan, up)?.operation ?? -1]?.perInput.length).toBe(1);
  });

  test('leave the base, copied, where no other fits', async () => {
    const { plan } = await planText(folder, ties('narrow'), { onMismatch: 'skip' });
    expect(stepOf(plan, up)).toMatchObject({ operation: null, base: null, inputs: [{ model: 0 }] });
    expect(stepOf(plan, 'model.norm.weight')?.operation).not.toBeNull();
  });

  test('are filled up to the largest when asked to pad', async () => {
    const { plan, faults } = await planText(folder, ties('narrow', 'more-tokens'), { onMismatch: 'pad' });
    expect(
      faults.map(({ code, severity, message }) => [code, severity, /^\d+ tensors of [\w-]+/.exec(message)?.[0]]),
    ).toEqual([
      ['mismatch-padded', 'warning', '2 tensors of base'],
      ['mismatch-padded', 'warning', '12 tensors of narrow'],
    ]);
    expect(stepOf(plan, up)?.shape).toEqual([8, 4]);
    expect(stepOf(plan, embedding)?.shape).toEqual([13, 4]);
    expect(configOf(plan)).toMatchObject({ vocab_size: 13, intermediate_size: 8 });
  });

  test('are cut to the smallest vocabulary when asked to truncate', async () => {
    const options = { truncateEmbeddings: true };
    const { plan, faults } = await planText(folder, ties('more-tokens', 'fewer-tokens'), options);
    expect(faults.map(({ code, severity }) => [code, severity])).toEqual([
      ['embeddings-truncated', 'warning'],
      ['embeddings-truncated', 'warning'],
    ]);
    const step = stepOf(plan, embedding);
    expect(step?.shape).toEqual([9, 4]);
    const first = { rows: 9, runs: [{ to: 0, source: 0, count: 9 }], fills: [], padding: 0 };
    const maps = [step?.base, ...(step?.inputs ?? [])].map((input) => input && plan?.rowMaps[input.rows ?? -1]);
    expect(maps).toEqual([first, first, undefined]);
    expect(plan?.rowMaps).toEqual([first]);
    expect(configOf(plan).vocab_size).toBe(9);
    expect((await planText(folder, ties('narrow'), options)).faults.map(({ code }) => code)).toEqual([
      'shape-mismatch',
      'shape-mismatch',
    ]);
  });

  test('of another depth are one fault, or merged as far as both go', async () => {
    const { faults } = await planText(folder, ties('deep'));
    expect(faults.map(pointing)).toEqual(['depth-mismatch@3:19 deep']);
    expect(faults[0]?.message).toBe('deep has 3 layers in model.layers, base has 2');
    const { plan, faults: warnings } = await planText(folder, ties('deep'), { onMismatch: 'skip' });
    expect(warnings).toMatchObject([{ code: 'depth-mismatch', severity: 'warning' }]);
    expect(plan?.steps.length).toBe(Object.keys(decoderTensors(tiny)).length);
    const text = ties('base').replace('base_model: base', 'base_model: deep');
    const { plan: kept, faults: skipped } = await planText(folder, text, { onMismatch: 'skip' });
    expect(skipped.map(({ code }) => code)).toEqual(['depth-mismatch', 'mismatch-skipped']);
    expect(stepOf(kept, 'model.layers.2.mlp.up_proj.weight')).toMatchObject({
      operation: null,
      inputs: [{ model: 0 }],
    });
  });
});
