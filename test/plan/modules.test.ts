import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { families } from './families.js';

const folder = temporaryFolder();
const family = families['Qwen 2 VL'];
if (family === undefined) throw new Error('the family is gone');
for (const name of ['a', 'b', 'c']) {
  writeCheckpoint(join(folder, name), { tensors: family.tensors(4), config: family.config(4) });
}
const modules = (...written: readonly string[]) =>
  `merge_method: linear\nbase_model: c\nmodules:\n${written.map((one) => `  ${one}\n`).join('')}parameters: { weight: 1 }\n`;

const modelsOf = async (text: string) => {
  const { plan, faults } = await planText(folder, text);
  const used = new Map(
    plan?.steps.map(({ tensor, inputs }) => [
      tensor,
      inputs.map(({ model }) => plan.models[model]?.reference).join('+'),
    ]),
  );
  return { faults, used };
};

describe('modules', () => {
  test('have their own models; what is outside the layers goes with the nearest', async () => {
    const { faults, used } = await modelsOf(
      modules(
        'visual: { slices: [{ sources: [{ model: a }] }] }',
        'language_model: { slices: [{ sources: [{ model: b }, { model: a }] }] }',
      ),
    );
    expect(faults).toEqual([]);
    expect(used.get('model.visual.blocks.3.norm1.weight')).toBe('a');
    expect(used.get('model.visual.patch_embed.proj.weight')).toBe('a');
    expect(used.get('model.visual.merger.mlp.2.weight')).toBe('a');
    expect(used.get('model.language_model.layers.3.self_attn.q_proj.weight')).toBe('b+a');
    expect(used.get('model.language_model.embed_tokens.weight')).toBe('b+a');
    expect(used.get('lm_head.weight')).toBe('b+a');
    expect([...used.keys()].sort()).toEqual(Object.keys(family.tensors(4)).sort());
  });

  test('that the recipe leaves out are taken from the base as they are, with a warning', async () => {
    const { faults, used } = await modelsOf(modules('text_decoder: { slices: [{ sources: [{ model: b }] }] }'));
    expect(faults).toMatchObject([{ code: 'module-unlisted', severity: 'warning' }]);
    expect(used.get('model.visual.blocks.0.attn.qkv.weight')).toBe('c');
    expect(used.get('model.language_model.norm.weight')).toBe('b');
    expect([...used.keys()].sort()).toEqual(Object.keys(family.tensors(4)).sort());
  });

  test('merge whole models where they list models', async () => {
    const { faults, used } = await modelsOf(
      modules('visual: { models: [{ model: a }, { model: b }] }', 'default: { models: [{ model: a }] }'),
    );
    expect(faults).toEqual([]);
    // A base is one more model for a method that has no use for one, as for mergekit.
    expect(used.get('model.visual.blocks.6.norm1.weight')).toBe('a+b+c');
    expect(used.get('lm_head.weight')).toBe('a+c');
  });

  test('of T5 are its two stacks, and what they share', async () => {
    const t5 = families.T5;
    for (const name of ['t5-a', 't5-b', 't5-c']) {
      writeCheckpoint(join(folder, name), { tensors: t5?.tensors(3) ?? {}, config: t5?.config(3) ?? {} });
    }
    const only = (model: string) => `{ models: [{ model: t5-${model} }] }`;
    const written = ['shared', 'encoder', 'decoder'].map((name, index) => `${name}: ${only('abc'[index] ?? '')}`);
    const { faults, used } = await modelsOf(modules(...written).replace('base_model: c\n', ''));
    expect(faults).toEqual([]);
    expect(
      [
        'shared.weight',
        'lm_head.weight',
        'encoder.final_layer_norm.weight',
        'decoder.block.2.layer.0.layer_norm.weight',
      ].map((name) => used.get(name)),
    ).toEqual(['t5-a', 't5-a', 't5-b', 't5-c']);
    const { faults: unknown } = await modelsOf(modules(`middle: ${only('a')}`).replace('base_model: c\n', ''));
    expect(unknown.filter(({ severity }) => severity === 'error')).toMatchObject([{ code: 'unknown-module' }]);
  });
});
