import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 6, hidden: 4, keyRows: 2, ffn: 8, vocabulary: 6 };
const types = ['a0', 'a1', 'a2', 'a3', 'a4', 'a5'];
const write = (name: string, decoder: Decoder, extra: Record<string, unknown> = {}) =>
  writeCheckpoint(join(folder, name), {
    tensors: decoderTensors(decoder),
    config: { ...decoderConfig(decoder), ...extra },
  });
write('one', tiny, {
  layer_types: types,
  mlp_only_layers: [1, 4],
  rope_scaling: { short_factor: [1, 2, 3, 4, 5, 6], per_layer_scale: [10, 11, 12, 13, 14, 15] },
  eos_token_id: [0, 1, 2, 3, 4, 5],
});
write('two', tiny, { layer_types: types.map((type) => type.toUpperCase()), mlp_only_layers: [0] });
write('wide', { ...tiny, hidden: 8 });

const configOf = (plan: Plan | null) =>
  JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');

const source = (model: string, start: number, end: number, rest = '') =>
  `      - { model: ${model}, layer_range: [${start}, ${end}]${rest} }\n`;
const slices = (...sources: string[]) => `slices:\n${sources.map((each) => `  - sources:\n${each}`).join('')}`;
const stack = (...sources: string[]) => `merge_method: passthrough\n${slices(...sources)}`;

describe('a stack of slices', () => {
  test('numbers its layers anew, takes the embedding from its first and the head from its last model', async () => {
    const { plan, faults } = await planText(folder, stack(source('one', 0, 4), source('two', 2, 6)));
    expect(faults).toEqual([]);
    const origins = plan?.steps.map(({ tensor, inputs: [input] }) => [
      tensor,
      plan.models[input?.model ?? -1]?.reference,
      input?.tensor,
    ]);
    expect(origins?.filter(([tensor]) => tensor?.endsWith('q_proj.weight'))).toEqual(
      [0, 1, 2, 3, 2, 3, 4, 5].map((layer, index) => [
        `model.layers.${index}.self_attn.q_proj.weight`,
        index < 4 ? 'one' : 'two',
        `model.layers.${layer}.self_attn.q_proj.weight`,
      ]),
    );
    const by = new Map(origins?.map(([tensor, model]) => [tensor, model]));
    expect(by.get('model.embed_tokens.weight')).toBe('one');
    expect([by.get('model.norm.weight'), by.get('lm_head.weight')]).toEqual(['two', 'two']);
    expect(plan?.steps.length).toBe(8 * 9 + 3);
  });

  test('updates every entry of config.json that is kept per layer, and no other list', async () => {
    const { plan } = await planText(folder, stack(source('one', 0, 4), source('two', 0, 3)));
    expect(configOf(plan)).toMatchObject({
      num_hidden_layers: 7,
      layer_types: ['a0', 'a1', 'a2', 'a3', 'A0', 'A1', 'A2'],
      mlp_only_layers: [1, 4],
      rope_scaling: { short_factor: [1, 2, 3, 4, 5, 6], per_layer_scale: [10, 11, 12, 13, 10, 11, 12] },
      eos_token_id: [0, 1, 2, 3, 4, 5],
    });
  });

  test('copies tensors that nothing changes', async () => {
    const { plan } = await planText(folder, stack(source('one', 0, 4)));
    expect(new Set(plan?.steps.map(({ operation }) => operation))).toEqual(new Set([null]));
  });

  test('restarts gradients in each slice and takes a lone layer for the end', async () => {
    const text = `${stack(source('one', 0, 3), source('one', 5, 6))}parameters: { scale: [1, 3] }\n`;
    const { plan } = await planText(folder, text);
    const scales = plan?.steps
      .filter(({ tensor }) => /q_proj|embed|lm_head/.test(tensor))
      .map(({ tensor, operation }) => [
        tensor.replace(/^.*layers\.(\d).*$/, '$1'),
        operation === null ? 1 : plan.operations[operation]?.perInput[0]?.scale,
      ]);
    expect(scales).toEqual([
      ['model.embed_tokens.weight', 1],
      ['0', 1],
      ['1', 2],
      ['2', 3],
      ['3', 3],
      ['lm_head.weight', 1],
    ]);
  });

  test('tests filters of a model on its own names, those of the merge on the output', async () => {
    const own = source('one', 3, 6, ', parameters: { scale: [{ filter: layers.4., value: 2 }] }');
    const { plan } = await planText(folder, stack(own));
    const scaled = plan?.steps.filter(({ operation }) => operation !== null).map(({ tensor }) => tensor);
    expect(new Set(scaled?.map((tensor) => tensor.slice(0, 14)))).toEqual(new Set(['model.layers.1']));
    const shared = `merge_method: slerp\nbase_model: one\n${slices(source('one', 3, 6) + source('two', 3, 6))}parameters:\n  t:\n    - { filter: layers.2., value: 1 }\n    - { value: 0 }\n`;
    const { plan: merged } = await planText(folder, shared);
    const at = (tensor: string) =>
      merged?.operations[merged.steps.find((step) => step.tensor === tensor)?.operation ?? -1]?.shared.t;
    expect([1, 2].map((layer) => at(`model.layers.${layer}.mlp.up_proj.weight`))).toEqual([0, 1]);
  });

  test('takes parameters from the source, the slice, the module and the top, in this order', async () => {
    const text = `merge_method: linear
modules:
  default:
    parameters: { normalize: false, weight: 3 }
    slices:
      - parameters: { weight: 2 }
        sources:
${source('one', 0, 2, ', parameters: { weight: 1 }').replace(/^/gm, '    ').trimEnd()}
${source('two', 0, 2).replace(/^/gm, '    ').trimEnd()}
      - sources:
${source('one', 2, 4).replace(/^/gm, '    ').trimEnd()}
${source('two', 2, 4).replace(/^/gm, '    ').trimEnd()}
parameters: { weight: 4, normalize: true }
`;
    const { plan, faults } = await planText(folder, text);
    expect(faults).toEqual([]);
    const operation = (layer: number) =>
      plan?.operations[
        plan.steps.find(({ tensor }) => tensor === `model.layers.${layer}.mlp.up_proj.weight`)?.operation ?? -1
      ];
    expect(operation(1)).toEqual({
      method: 'linear',
      shared: { normalize: false },
      perInput: [{ weight: 1 }, { weight: 2 }],
    });
    expect(operation(2)?.perInput).toEqual([{ weight: 3 }, { weight: 3 }]);
  });

  test('merges heads of a last slice that has more models than the first', async () => {
    const text = `merge_method: linear\n${slices(source('one', 0, 2), source('one', 2, 4) + source('two', 2, 4))}parameters: { weight: 1 }\n`;
    const { plan } = await planText(folder, text);
    const inputs = (tensor: string) =>
      plan?.steps.find((step) => step.tensor === tensor)?.inputs.map(({ model }) => model);
    expect(inputs('model.embed_tokens.weight')).toEqual([0]);
    expect(inputs('model.norm.weight')).toEqual([0, 1]);
    expect(inputs('lm_head.weight')).toEqual([0, 1]);
  });
});

describe('what is wrong with slices', () => {
  test.each([
    ['layers that are not there', stack(source('one', 4, 8)), ['layer-out-of-range@4:36 [4, 8]']],
    ['a range that runs backwards', stack(source('one', 4, 2)), ['layer-range-empty@4:36 [4, 2]']],
    ['a range without layers', stack(source('one', 4, 4)), ['layer-range-empty@4:36 [4, 4]']],
    ['negative layers', stack(source('one', 0, -1)), ['layer-range-negative@4:36 [0, -1]']],
    [
      'one number',
      'merge_method: passthrough\nslices:\n  - sources:\n      - { model: one, layer_range: [4] }\n',
      ['invalid-value@4:36 [4]'],
    ],
    [
      'sources of different lengths',
      `merge_method: linear\n${slices(source('one', 0, 4) + source('two', 0, 3))}parameters: { weight: 1 }\n`,
      ['unequal-slices@3:5 sources'],
    ],
    ['too many sources', stack(source('one', 0, 2) + source('two', 0, 2)), ['wrong-count@3:5 sources']],
    [
      'a base that is not among the sources',
      `merge_method: slerp\nbase_model: two\n${slices(source('one', 0, 2))}parameters: { t: 0 }\n`,
      ['base-not-in-slice@4:5 sources'],
    ],
    ['no sources', 'merge_method: passthrough\nslices:\n  - sources: []\n', ['sources-missing@3:14 []']],
    [
      'the same layers twice',
      `merge_method: linear\n${slices(source('one', 0, 2) + source('one', 0, 2))}parameters: { weight: 1 }\n`,
      ['model-twice@5:18 one'],
    ],
    [
      'a weight of the residual, which nothing reads',
      `merge_method: passthrough\nslices:\n  - sources: [{ model: one, layer_range: [0, 2] }]\n    residual_weight: 0.5\n`,
      ['no-effect@4:5 residual_weight'],
    ],
    ['models of another width', stack(source('one', 0, 2), source('wide', 2, 4)), ['shape-mismatch@6:18 wide']],
  ])('%s', async (_, text, expected) => {
    const { faults } = await planText(folder, text);
    expect([...new Set(faults.map(pointing))]).toEqual(expected);
  });
});
