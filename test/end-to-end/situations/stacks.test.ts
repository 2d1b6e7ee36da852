import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { writeModels } from './fixtures.js';
import { type ReadTensor, readTensors, tensorIn } from './read-tensors.js';
import { jsonOf, mergeAll, planOf, python } from './run.js';

const folder = temporaryFolder();
const out = join(folder, 'stack');
const layerTypes = ['full_attention', 'sliding_attention', 'sliding_attention', 'full_attention'];

beforeAll(() =>
  writeModels(folder, {
    base: { tune: 1, config: { layer_types: layerTypes, sliding_window: 64 } },
    other: { tune: 2, sparse: true },
  }),
);

test('what is after the layers comes from all sources of the last slice', async () => {
  const sources = (models: readonly string[], range: string) =>
    `  - sources:\n${models.map((model) => `      - { model: ${model}, layer_range: ${range} }\n`).join('')}`;
  const recipe = `merge_method: linear\nparameters: { weight: 1 }\nslices:\n${sources(['base'], '[0, 2]')}${sources(['base', 'other'], '[2, 4]')}`;
  const { code, plan } = await planOf(folder, 'uneven', recipe);
  const inputs = (name: string) => plan?.steps.find(({ tensor }) => tensor === name)?.inputs.length;
  expect(code).toBe(0);
  expect(['model.embed_tokens.weight', 'model.norm.weight', 'lm_head.weight'].map(inputs)).toEqual([1, 2, 2]);
});

describe.skipIf(noTorch)(titled('overlapping slices of one model', noTorch), () => {
  const origins = [0, 1, 2, 1, 2, 3];
  let [stacked, base] = [new Map<string, ReadTensor>(), new Map<string, ReadTensor>()];

  beforeAll(async () => {
    const slice = (range: string) => `  - sources: [{ model: base, layer_range: ${range} }]\n`;
    await mergeAll(folder, {
      stack: `merge_method: passthrough\ndtype: bfloat16\nslices:\n${slice('[0, 3]')}${slice('[1, 4]')}`,
    });
    [stacked, base] = [readTensors(out), readTensors(join(folder, 'base'))];
  });

  test('every layer, repeated ones too, has the bits of the one it was', () => {
    expect(stacked.size).toBe(3 + origins.length * 9);
    for (const [layer, origin] of origins.entries()) {
      for (const part of ['self_attn.q_proj', 'mlp.down_proj', 'input_layernorm']) {
        const name = (index: number) => `model.layers.${index}.${part}.weight`;
        expect(tensorIn(stacked, name(layer))).toEqual(tensorIn(base, name(origin)));
      }
    }
  });

  test('every list by layers in the configuration follows', () => {
    expect(jsonOf(out, 'config.json')).toMatchObject({
      num_hidden_layers: origins.length,
      layer_types: origins.map((origin) => layerTypes[origin]),
    });
  });

  test('transformers loads it', () => {
    const [seen] = python<Readonly<Record<string, unknown>>[]>('look.py', [out]);
    expect(seen).toMatchObject({ problems: [], layers: origins.length, finite: true, round_trip: true });
  });
});
