import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { summarise } from '../../src/plan/summarise.js';
import type { Plan } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, 'other-base': {}, whole: {} });

type Module = { readonly name: string; readonly out: number; readonly in: number; readonly rank: number };
type AdapterOptions = { readonly config?: Readonly<Record<string, unknown>>; readonly more?: TestTensors };

const query = (layer: number, rank: number): Module => ({
  name: `model.layers.${layer}.self_attn.q_proj`,
  out: 4,
  in: 4,
  rank,
});
const up = (layer: number, rank: number): Module => ({
  name: `model.layers.${layer}.mlp.up_proj`,
  out: 8,
  in: 4,
  rank,
});

const writeAdapter = (name: string, modules: readonly Module[], { config = {}, more = {} }: AdapterOptions = {}) => {
  const tensors = modules.flatMap(({ name: module, out, in: inner, rank }) => [
    [`base_model.model.${module}.lora_A.weight`, { dtype: 'F32', shape: [rank, inner] }],
    [`base_model.model.${module}.lora_B.weight`, { dtype: 'F32', shape: [out, rank] }],
  ]);
  const settings = { peft_type: 'LORA', task_type: 'CAUSAL_LM', base_model_name_or_path: 'org/base', ...config };
  const path = writeCheckpoint(join(folder, name), {
    tensors: { ...(Object.fromEntries(tensors) as TestTensors), ...more },
    config: null,
    files: { 'adapter_config.json': JSON.stringify({ r: 2, lora_alpha: 4, ...settings }) },
  });
  renameSync(join(path, 'model.safetensors'), join(path, 'adapter_model.safetensors'));
};

const layers = [0, 1, 2, 3];
writeAdapter('four', [...layers.map((layer) => query(layer, 4)), up(0, 2)], { config: { lora_alpha: 8 } });
writeAdapter(
  'two',
  layers.map((layer) => query(layer, 2)),
);
writeAdapter('dora', [query(0, 2)], {
  config: { use_dora: true },
  more: { 'base_model.model.model.layers.0.self_attn.q_proj.lora_magnitude_vector': { dtype: 'F32', shape: [4] } },
});
writeAdapter('turned', [query(0, 2)], { config: { fan_in_fan_out: true } });
writeAdapter('saving', [query(0, 2)], {
  config: { modules_to_save: ['norm'] },
  more: { 'base_model.model.model.norm.weight': { dtype: 'F32', shape: [4] } },
});
writeAdapter('replacing', [up(1, 2)], {
  config: { modules_to_save: ['q_proj'] },
  more: { 'base_model.model.model.layers.0.self_attn.q_proj.weight': { dtype: 'BF16', shape: [4, 4] } },
});

const kit = (models: readonly string[], method: string, rest = '') =>
  `list_models:\n${models.map((name) => `  - [${name}]\n`).join('')}base_model_name: base\nmerge_method: ${method}\n${rest}`;

const planOf = async (models: readonly string[], method: string, rest: string) =>
  await planText(folder, kit(models, method, rest), { name: 'kit.yaml' });

const planned = async (models: readonly string[], method: string, rest: string): Promise<Plan> => {
  const { plan, faults } = await planOf(models, method, rest);
  if (plan === null) throw new Error(JSON.stringify(faults));
  return plan;
};

const ranksOf = ({ adapterSteps }: Plan) => adapterSteps.map(({ tensor, rank }) => `${tensor.slice(13, -7)} ${rank}`);

const configOf = ({ sideFiles }: Plan): Record<string, unknown> =>
  JSON.parse(sideFiles.find(({ name }) => name === 'adapter_config.json')?.text ?? '{}');

describe('the rank of the result', () => {
  test.each([
    ['factor', '', 4, 2],
    ['factor', 'adapter_rank: 6\n', 6, 6],
    ['concat', '', 6, 2],
    ['core', '', 4, 2],
    ['core', 'adapter_rank: 1\n', 1, 1],
    ['svd', '', 4, 2],
    ['svd', 'adapter_rank: 3\n', 3, 2],
    ['delta', '', 4, 2],
    ['delta', 'adapter_rank: 3\n', 3, 3],
  ])('%s %s', async (mode, rest, queries, ups) => {
    const plan = await planned(['four', 'two'], 'linear', `adapter_mode: ${mode}\nadapter_output: adapter\n${rest}`);
    expect(ranksOf(plan)).toEqual([
      ...[`0.self_attn.q_proj ${queries}`, `0.mlp.up_proj ${ups}`],
      ...[1, 2, 3].map((layer) => `${layer}.self_attn.q_proj ${queries}`),
    ]);
  });
});

test('without a word adapters are added to the base as they are', async () => {
  const plan = await planned(['four', 'two'], 'ties', 'parameters: { density: 0.5 }\n');
  expect(plan.adapterSteps).toEqual([]);
  expect(plan.steps.filter(({ inputs }) => inputs.some(({ lora }) => lora !== null))).toHaveLength(5);
});

test('an adapter is one file of factors and what peft needs to read it', async () => {
  const plan = await planned(['four', 'two'], 'linear', 'adapter_mode: concat\nadapter_output: adapter\n');
  expect(plan.steps).toEqual([]);
  expect(plan.shards.map(({ name }) => name)).toEqual(['adapter_model.safetensors']);
  const { __metadata__, ...header } = JSON.parse(plan.shards[0]?.header ?? '{}');
  expect(header['base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight']).toMatchObject({ shape: [6, 4] });
  expect(header['base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight']).toMatchObject({ shape: [4, 6] });
  expect(Object.keys(header)).toHaveLength(10);
  expect(plan.sideFiles.map(({ name }) => name)).toEqual(['recipe.yml', 'README.md', 'adapter_config.json']);
  expect(configOf(plan)).toMatchObject({
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: 'org/base',
    r: 6,
    lora_alpha: 6,
    rank_pattern: { 'model.layers.0.mlp.up_proj': 2 },
    alpha_pattern: { 'model.layers.0.mlp.up_proj': 2 },
    // Of the others' up projections none is updated, so that the last part of the name would be too much.
    target_modules: [
      'model.layers.0.mlp.up_proj',
      ...layers.map((layer) => `model.layers.${layer}.self_attn.q_proj`),
    ].sort(),
    modules_to_save: null,
  });
});

test('modules are named by their last part where that is enough', async () => {
  const plan = await planned(['two', 'two'], 'linear', 'adapter_mode: factor\nadapter_output: adapter\n');
  expect(configOf(plan)).toMatchObject({ target_modules: ['q_proj'], r: 2, lora_alpha: 4, rank_pattern: {} });
});

test('factors keep the scale of the first adapter, other modes none', async () => {
  const scales = async (mode: string) =>
    (await planned(['two', 'four'], 'linear', `adapter_mode: ${mode}\n`)).adapterSteps.map(({ scale }) => scale);
  expect(new Set(await scales('factor'))).toEqual(new Set([2, 4]));
  expect(new Set(await scales('core'))).toEqual(new Set([1]));
});

test('added to the base: its other tensors are copied, and every update has its step', async () => {
  const plan = await planned(['four', 'two'], 'ties', 'adapter_mode: core\nparameters: { density: 0.5 }\n');
  const targets = plan.adapterSteps.map(({ step }) => plan.steps[step ?? -1]);
  expect(targets.map((step) => step?.tensor)).toEqual(plan.adapterSteps.map(({ tensor }) => tensor));
  for (const { operation, inputs } of targets.flatMap((step) => step ?? [])) {
    expect([plan.operations[operation ?? -1]?.method, inputs.map(({ lora }) => lora)]).toEqual(['passthrough', [null]]);
  }
  expect(plan.steps.filter(({ operation }) => operation === null)).toHaveLength(14 - 5);
  expect(plan.adapterSteps.every(({ base }) => base !== null && base.lora === null)).toBe(true);
  expect(plan.sideFiles.at(-1)?.name).toBe('config.json');
});

test('a module that one adapter lacks is an update of zero', async () => {
  const { adapterSteps } = await planned(['four', 'two'], 'linear', 'adapter_mode: svd\n');
  const step = adapterSteps.find(({ tensor }) => tensor.includes('up_proj'));
  expect(step?.inputs.map(({ lora }) => lora === null)).toEqual([false, true]);
});

test('weights that an adapter saves whole are merged as weights', async () => {
  const rest = 'adapter_mode: factor\nadapter_output: adapter\nparameter_lambdas: [0.3]\n';
  const plan = await planned(['saving', 'two'], 'slerp', rest);
  expect(plan.steps.map(({ tensor }) => tensor)).toEqual(['base_model.model.model.norm.weight']);
  const methods = [plan.steps[0], plan.adapterSteps[0]].map((step) => plan.operations[step?.operation ?? -1]?.shared);
  expect(methods).toEqual([
    { t: 0.3, norm: 'preserve' },
    { t: 0.3, norm: 'unit' },
  ]);
  expect(configOf(plan)).toMatchObject({ modules_to_save: ['norm'] });
});

test('the plan says what it does with adapters', async () => {
  const plan = await planned(['four', 'two'], 'linear', 'adapter_mode: factor\nadapter_padding: front\n');
  expect(summarise(plan).settings.at(-1)).toBe(
    'adapters by factor: the method on A and on B, each for itself · ranks 2 … 4 to 2 … 4, zeros in front of smaller ones · added to the base',
  );
});

test('flags say the same for a recipe of the other dialect', async () => {
  const text =
    'merge_method: linear\nparameters: { weight: 0.5 }\nmodels:\n  - model: base+four\n  - model: base+two\n';
  const { plan } = await planText(folder, text, { adapters: { mode: 'svd', output: 'adapter', rank: 1 } });
  expect(plan?.adapterSteps.map(({ mode, rank }) => [mode, rank])).toEqual(Array(5).fill(['svd', 1]));
});

describe('what cannot be', () => {
  test.each([
    ['ties by concat', ['four', 'two'], 'ties', 'adapter_mode: concat\n', 'adapter-method@6:15 concat'],
    ['slerp by svd', ['four', 'two'], 'slerp', 'adapter_mode: svd\nparameters: { t: 0 }\n', 'adapter-method@6:15 svd'],
    [
      'a rank for concat',
      ['four', 'two'],
      'linear',
      'adapter_mode: concat\nadapter_rank: 2\n',
      'adapter-rank@6:15 concat',
    ],
    ['too small a rank', ['four', 'two'], 'linear', 'adapter_mode: factor\nadapter_rank: 3\n', 'adapter-rank@2:6 four'],
    ['a whole model', ['four', 'whole'], 'linear', 'adapter_mode: core\n', 'not-an-adapter@3:6 whole'],
    ['DoRA', ['four', 'dora'], 'linear', 'adapter_output: adapter\n', 'adapter-dora@3:6 dora'],
    ['the other way round', ['two', 'turned'], 'linear', 'adapter_mode: core\n', 'adapter-conflict@2:6 two'],
    ['replaced and updated', ['two', 'replacing'], 'linear', 'adapter_mode: core\n', 'adapter-conflict@2:6 two'],
    [
      'a trim over the model',
      ['four', 'two'],
      'ties',
      'adapter_mode: core\nparameters: { density: 0.5, trim_scope: model }\n',
      'adapter-trim@6:15 core',
    ],
  ])('%s', async (_, models, method, rest, told) => {
    const { plan, faults } = await planOf(models, method, rest);
    expect(plan).toBeNull();
    expect(faults.filter(({ severity }) => severity === 'error').map(pointing)).toContain(told);
  });

  test('slerp with the base alone', async () => {
    const text = 'merge_method: slerp\nbase_model: base\nparameters: { t: 0.5 }\nmodels:\n  - model: base+two\n';
    const { faults } = await planText(folder, text, { adapters: { mode: 'core' } });
    expect(faults.map(({ code, message }) => [code, message])).toEqual([
      ['wrong-count', 'slerp merges exactly two adapters, but base is a whole model'],
    ]);
  });

  test('adapters of different models', async () => {
    const text =
      'merge_method: linear\nparameters: { weight: 1 }\nmodels:\n  - model: base+two\n  - model: other-base+four\n';
    const { faults } = await planText(folder, text, { adapters: { mode: 'core' } });
    expect(faults.map(pointing)).toEqual(['adapter-bases@5:12 other-base+four']);
  });

  test('a rank that means nothing is a warning', async () => {
    const { plan, faults } = await planOf(['four', 'two'], 'linear', 'adapter_rank: 3\n');
    expect(plan).not.toBeNull();
    expect(faults.map(pointing)).toContain('adapter-rank@6:15 3');
  });

  test('weights that also weigh the base are a warning', async () => {
    const warned = async (lambdas: string, rest = '') => {
      const { plan, faults } = await planOf(['four', 'two'], 'linear', `parameter_lambdas: ${lambdas}\n${rest}`);
      return [plan !== null, faults.flatMap(({ code, message }) => (code === 'adapter-base-weighed' ? [message] : []))];
    };
    const message = 'the weights add up to 0.9, and the base under the adapters is multiplied by that';
    expect(await warned('[0.6, 0.3]')).toEqual([true, [message]]);
    expect(await warned('[0.6, 0.4]')).toEqual([true, []]);
    expect(await warned('[0.6, 0.3]', 'adapter_mode: concat\n')).toEqual([true, []]);
  });
});
