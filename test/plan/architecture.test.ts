import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { openModel } from '../../src/hub/open-model.js';
import { describeModel } from '../../src/plan/architecture.js';
import { layerCountPaths } from '../../src/plan/layer-counts.js';
import { vocabularyAxis } from '../../src/plan/tensor-roles.js';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Family, families } from './families.js';

const folder = temporaryFolder();
const slug = (name: string) => name.replace(/\W+/g, '-');
const layers = 5;
const write = (name: string, { tensors, config }: Family) =>
  writeCheckpoint(join(folder, name), { tensors: tensors(layers), config: config(layers) });
const configOf = (plan: Plan | null) =>
  JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');
const at = (config: unknown, path: string) =>
  path.split('.').reduce<unknown>((value, key) => (value as Record<string, unknown>)?.[key], config);

const all = Object.entries(families);
for (const [name, family] of all) for (const twin of ['a', 'b']) write(`${slug(name)}-${twin}`, family);

const describeFamily = async (name: string) => {
  const path = join(folder, `${slug(name)}-a`);
  const reference = { text: name, model: { kind: 'folder', path }, adapter: null } as const;
  return describeModel(await openModel(reference, null, () => Promise.reject(new Error('no Hub'))));
};

describe.each(all)('%s', (name, family) => {
  test('is understood from its names, shapes and config.json', async () => {
    const architecture = await describeFamily(name);
    const stored = (key: string | null) => (key === null ? null : architecture.views.get(key)?.name);
    expect(stored(architecture.embedding)).toBe(family.embedding);
    expect(stored(architecture.head)).toBe(family.head);
    const config = family.config(layers);
    const counted = [...architecture.stacks.values()].flatMap(({ key, prefix, layers: depth }) =>
      layerCountPaths(config, key, depth).map((path) => [prefix, path.join('.')]),
    );
    expect(Object.fromEntries(counted)).toEqual(family.stacks);
    const shapeOf = (key: string) => architecture.views.get(key)?.shape ?? [];
    const axes = architecture.names.filter(
      ({ key, layer }) => layer === null && vocabularyAxis(key, shapeOf(key), architecture.vocabulary) === 0,
    );
    expect(axes.map(({ key }) => shapeOf(key)[0])).toEqual(axes.map(() => 12));
    expect(axes.length).toBe((family.head === null ? 1 : 2) + (name === 'BERT' ? 1 : 0));
  });

  test('is merged whole, each layer by its place in its own stack', async () => {
    const [a, b] = ['a', 'b'].map((twin) => `${slug(name)}-${twin}`);
    const text = `merge_method: slerp\nbase_model: ${a}\nmodels: [{ model: ${b} }]\nparameters: { t: [0, 1] }\n`;
    const { plan, faults } = await planText(folder, text);
    expect(faults).toEqual([]);
    expect(plan?.steps.map(({ tensor }) => tensor)).toEqual(Object.keys(family.tensors(layers)));
    for (const [prefix, path] of Object.entries(family.stacks)) {
      const depth = Number(at(family.config(layers), path));
      const positions = plan?.steps
        .filter(({ tensor }) => tensor.startsWith(`${prefix}.`))
        .map(({ tensor, operation }) => [
          Number(tensor.slice(prefix.length + 1).split('.')[0]) / (depth - 1),
          plan.operations[operation ?? -1]?.shared.t,
        ]);
      expect(positions?.length).toBeGreaterThan(depth - 1);
      for (const [expected, t] of positions ?? []) expect(t).toBeCloseTo(expected as number, 12);
    }
    const loose = plan?.steps.find(({ tensor }) => tensor === family.embedding);
    expect(plan?.operations[loose?.operation ?? -1]?.shared.t).toBe(0);
  });

  test('is stacked, and counts its layers anew', async () => {
    const model = `${slug(name)}-a`;
    const slices = `slices:
      - { sources: [{ model: ${model}, layer_range: [0, 4] }] }
      - { sources: [{ model: ${model}, layer_range: [1, 4] }] }`;
    const [[prefix, path] = ['', ''], ...more] = Object.entries(family.stacks);
    const named = `modules:\n  ${prefix}:\n    ${slices}`;
    const text = `merge_method: passthrough\n${more.length === 0 ? slices.replace(/^ {6}/gm, '') : named}\n`;
    const { plan, faults } = await planText(folder, text);
    expect(faults.filter(({ code }) => code !== 'module-unlisted')).toEqual([]);
    expect(at(configOf(plan), path)).toBe(7);
    for (const [, other] of more) expect(at(configOf(plan), other)).toBe(at(family.config(layers), other));
    const origin = (layer: number) =>
      plan?.steps.find(({ tensor }) => tensor.startsWith(`${prefix}.${layer}.`))?.inputs[0]?.tensor;
    expect(
      [3, 4, 6].map(
        (layer) =>
          origin(layer)
            ?.slice(prefix.length + 1)
            .split('.')[0],
      ),
    ).toEqual(['3', '1', '3']);
    expect(origin(7)).toBeUndefined();
    const names = new Set(plan?.steps.map(({ tensor }) => tensor));
    for (const tensor of Object.keys(family.tensors(layers))) expect(names.has(tensor)).toBe(true);
  });
});

test('two stacks cannot be sliced without saying which', async () => {
  const text = 'merge_method: passthrough\nslices: [{ sources: [{ model: T5-a, layer_range: [0, 2] }] }]\n';
  const { faults } = await planText(folder, text);
  expect(faults.map(pointing)).toEqual(['several-stacks@2:1 slices']);
  expect(faults[0]?.message).toContain('`decoder`, `encoder`');
});

test('a module that the model lacks is named, with those that it has', async () => {
  const text = 'merge_method: passthrough\nmodules:\n  middle:\n    slices: [{ sources: [{ model: T5-a }] }]\n';
  const { faults } = await planText(folder, text);
  expect(faults.map(pointing)).toEqual(['unknown-module@3:3 middle']);
  expect(faults[0]?.hint).toBe('one of: `decoder`, `encoder`');
});

test('models of different classes are merged only on request', async () => {
  const text =
    'merge_method: linear\nmodels: [{ model: Llama-2-a }, { model: Mistral-a }]\nparameters: { weight: 1 }\n';
  const { faults } = await planText(folder, text);
  expect(faults.map(pointing)).toEqual(['different-architectures@2:41 Mistral-a']);
  expect(faults[0]).toMatchObject({ exitCode: 6, severity: 'error' });
  const allowed = await planText(folder, text, { allowCrimes: true });
  expect(allowed.faults).toMatchObject([{ code: 'different-architectures', severity: 'warning' }]);
  expect(allowed.plan).not.toBeNull();
  const overridden = text.replace(
    'model: Mistral-a',
    'model: { model: Mistral-a, override_architecture: LlamaForCausalLM }',
  );
  expect((await planText(folder, overridden)).faults).toEqual([]);
});

test('the position biases of T5 stay in the first layer of the stack, whatever layer that is', async () => {
  const bias = 'layer.0.SelfAttention.relative_attention_bias.weight';
  const tensors = {
    ...families.T5?.tensors(layers),
    [`encoder.block.0.${bias}`]: { dtype: 'F32', shape: [8, 2] },
  } as const;
  writeCheckpoint(join(folder, 'biased'), { tensors, config: families.T5?.config(layers) ?? {} });
  for (const [first, second] of [
    ['[0, 2]', '[0, 3]'],
    ['[2, 4]', '[0, 3]'],
  ]) {
    const slices = [first, second].map((range) => `{ sources: [{ model: biased, layer_range: ${range} }] }`).join(', ');
    const text = `merge_method: passthrough\nmodules:\n  encoder: { slices: [${slices}] }\n  decoder: { models: [{ model: biased }] }\n`;
    const { plan, faults } = await planText(folder, text);
    expect(faults).toEqual([]);
    const biases = plan?.steps.filter(({ tensor }) => tensor.endsWith(bias));
    expect(biases?.map(({ tensor, inputs }) => [tensor, inputs[0]?.tensor])).toEqual([
      [`encoder.block.0.${bias}`, `encoder.block.0.${bias}`],
    ]);
  }
});
