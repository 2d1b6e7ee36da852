import { describe, expect, test } from 'vitest';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { tinyLlamaTensors, writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });
writeCheckpoint(`${folder}/my+model@v2`, { tensors: tinyLlamaTensors() });

const faultsOf = async (text: string, options: Parameters<typeof planText>[2] = {}) =>
  (await planText(folder, text, options)).faults.map(pointing);
const one = 'models: [{ model: one, parameters: { weight: 1 } }]\n';
const linear = `merge_method: linear\n${one}`;

describe('every form of a recipe', () => {
  test.each([
    ['none of the three forms', 'merge_method: linear\n', ['models-missing@1:1 merge_method: linear']],
    ['two forms', `${linear}slices: [{ sources: [{ model: one }] }]\n`, ['several-forms@3:1 slices']],
    ['an empty second form', `${linear}slices: []\n`, []],
    [
      'a module with both',
      'merge_method: linear\nmodules:\n  default:\n    models: [{ model: one }]\n    slices: [{ sources: [{ model: one }] }]\n',
      ['several-forms@5:5 slices'],
    ],
    [
      'a module with neither',
      'merge_method: linear\nmodules:\n  default: { parameters: {} }\n',
      ['models-missing@3:12 { parameters: {} }'],
    ],
    ['modules that are a list', 'merge_method: linear\nmodules: [1]\n', ['invalid-value@2:10 [1]']],
    ['text instead of a recipe', 'hello\n', ['invalid-value@1:1 hello']],
  ])('%s', async (_, text, expected) => {
    expect(await faultsOf(text)).toEqual(expected);
  });
});

describe('keys that stand in the wrong place', () => {
  test.each([
    [
      'weight beside model',
      'merge_method: linear\nmodels: [{ model: one, weight: 1 }]\n',
      'misplaced-key@2:24 weight',
      'only under `parameters`',
    ],
    [
      'layer_range under models',
      linear.replace('one,', 'one, layer_range: [0, -1],'),
      'misplaced-key@2:24 layer_range',
      'only in the sources of a slice',
    ],
    [
      'layer_range beside sources',
      'merge_method: passthrough\nslices:\n  - sources: [{ model: one }]\n    layer_range: [0, 2]\n',
      'misplaced-key@4:5 layer_range',
      'only in the `sources`',
    ],
    ['normalize at the top', `${linear}normalize: false\n`, 'misplaced-key@3:1 normalize', 'only under `parameters`'],
  ])('%s', async (_, text, expected, message) => {
    const { faults } = await planText(folder, text);
    expect(faults.map(pointing)).toContain(expected);
    expect(faults.find(({ code }) => code === 'misplaced-key')?.message).toContain(message);
  });

  test('a seed among the parameters is shown its flag', async () => {
    const { faults } = await planText(folder, `${linear}parameters: { random_seed: 145 }\n`);
    expect(faults).toMatchObject([{ code: 'unknown-parameter', hint: 'the seed is a flag: `--seed`' }]);
  });

  test('are warnings when unknown keys are allowed', async () => {
    const text = `${linear.replace('one,', 'one, note: x,')}parameters: { densty: 1, normalize: [{ filter: nowhere, value: false }] }\ncolour: red\n`;
    expect((await planText(folder, text)).plan).toBeNull();
    const { plan, faults } = await planText(folder, text, { allowUnknown: true });
    expect(plan).not.toBeNull();
    expect(faults.map((fault) => [fault.severity, pointing(fault)])).toEqual([
      ['warning', 'unknown-key@2:24 note'],
      ['warning', 'unknown-parameter@3:15 densty'],
      ['warning', 'filter-unmatched@3:48 nowhere'],
      ['warning', 'unknown-key@4:1 colour'],
    ]);
  });
});

describe('values are taken as mergekit takes them', () => {
  const operation = async (parameters: string) => {
    const { plan, faults } = await planText(folder, `${linear}parameters: ${parameters}\n`);
    return faults.length > 0 ? faults.map(pointing) : plan?.operations[0]?.shared.normalize;
  };
  test.each([
    ['{ normalize: "false" }', false],
    ['{ normalize: "no" }', false],
    ['{ normalize: n }', false],
    ['{ normalize: off }', false],
    ['{ normalize: 0 }', false],
    ['{ normalize: "1" }', true],
    ['{ normalize: [false, true] }', false],
    ['{ normalize: { value: false } }', false],
    ['{ normalize: { value: false, filter: "*" } }', false],
    ['{ normalize: 2 }', ['invalid-parameter@3:26 2']],
    ['{ normalize: maybe }', ['invalid-parameter@3:26 maybe']],
    ['{ normalize: null }', ['invalid-value@3:26 null']],
    ['{ normalize: [[true]] }', ['invalid-value@3:26 [[true]]']],
    ['{ normalize: [] }', ['empty-setting@3:26 []']],
    ['null', true],
    ['[1]', ['invalid-value@3:13 [1]']],
  ])('parameters: %s', async (parameters, expected) => {
    expect(await operation(parameters)).toEqual(expected);
  });

  test.each([
    ['1e-5', 1e-5],
    ['"1e-5"', 1e-5],
    ['1.0e-5', 1e-5],
    ['"0.25"', 0.25],
    ['" 3 "', 3],
    ['true', 1],
    ['1_000', 1000],
    ['"1_000"', 1000],
    ['010', 8],
    ['1:30', 90],
    ['.5', 0.5],
    ['[0.5, "1.5"]', 0.5],
  ])('weight: %s', async (written, expected) => {
    const { plan, faults } = await planText(
      folder,
      `merge_method: linear\nmodels: [{ model: one }]\nparameters: { weight: ${written} }\n`,
    );
    expect(faults).toEqual([]);
    expect(plan?.operations[0]?.perInput).toEqual([{ weight: expected }]);
  });

  test.each(['0o17', '"0x1F"', 'nan', '.inf', '"inf"', '""', 'one'])('weight: %s is no number', async (written) => {
    const { faults } = await planText(
      folder,
      `merge_method: linear\nmodels: [{ model: one }]\nparameters: { weight: ${written} }\n`,
    );
    expect(faults.map(({ code }) => code)).toHaveLength(1);
  });
});

describe('models are named', () => {
  test.each([
    ['two adapters', 'a+b+c', ['invalid-reference@2:19 a+b+c']],
    ['two revisions', 'org/a@b@c', ['invalid-reference@2:19 org/a@b@c']],
    ['by a number', '12', ['invalid-value@2:19 12']],
    ['in pieces, one of them unknown', '{ model: one, lore: x }', ['unknown-key@2:33 lore']],
    ['in pieces without a model', '{ lora: one }', ['invalid-value@2:12 model']],
    ['by an existing folder with both signs in its name', 'my+model@v2', []],
    ['in pieces, by such a folder', '{ model: { path: my+model@v2, revision: main } }', []],
  ])('%s', async (_, model, expected) => {
    expect(await faultsOf(`merge_method: linear\nmodels: [{ model: ${model}, parameters: { weight: 1 } }]\n`)).toEqual(
      expected,
    );
  });
});

describe('types are named as torch names them', () => {
  test.each([
    ['torch.float16', 'F16', undefined],
    ['float64', 'F64', undefined],
    ['bf16', undefined, 'did you mean `bfloat16`?'],
    ['int64', undefined, 'one of: float64, float32, float16, bfloat16'],
    ['float23', undefined, 'did you mean `float32`?'],
  ])('%s', async (written, dtype, hint) => {
    const { plan, faults } = await planText(folder, `${linear}dtype: bfloat16\nout_dtype: ${written}\n`);
    expect(plan?.steps[0]?.output.dtype).toBe(dtype);
    expect(faults[0]?.hint).toBe(hint);
  });
});

describe('the tokenizer', () => {
  test.each([
    ['both forms', 'tokenizer_source: base\ntokenizer: { source: union }\n', 'tokenizer-twice@3:1 tokenizer_source'],
    [
      'a token from nowhere',
      'tokenizer: { tokens: { <a>: { source: { kind: model_token, model: one } } } }\n',
      'invalid-token-source@3:39 { kind: model_token, model: one }',
    ],
    [
      'a token by name and number',
      'tokenizer: { tokens: { <a>: { source: { kind: model_token, model: one, token: b, token_id: 1 } } } }\n',
      'invalid-token-source@3:39 { kind: model_token, model: one, token: b, token_id: 1 }',
    ],
    [
      'an unknown kind',
      'tokenizer: { tokens: { <a>: { source: { kind: model, model: one } } } }\n',
      'invalid-token-source@3:47 model',
    ],
    ['a misspelt key', 'tokenizer: { pad_to_multiple: 8 }\n', 'unknown-key@3:14 pad_to_multiple'],
    ['padding to nothing', 'tokenizer: { pad_to_multiple_of: 0 }\n', 'invalid-value@3:34 0'],
  ])('%s', async (_, text, expected) => {
    expect(await faultsOf(`${linear}${text}`)).toContain(expected);
  });
});

test('ten mistakes are said at once, each with its own place', async () => {
  const text = `merge_method: ties
base_model: base
colour: red
dtype: bf16
models:
  - model: one
    weight: 1
    parameters: { density: 1.5, weight: [{ filter: mpl, value: 1 }] }
  - model: nowhere
    parameters: { weight: 1, densty: 0.5 }
  - model: two
    parameters: { lambda: 2 }
  - model: a+b+c
tokenizer: { source: union, pad: 8 }
parameters: { normalize: maybe }
`;
  const start = performance.now();
  expect(await faultsOf(text)).toEqual([
    'unknown-key@3:1 colour',
    'unknown-dtype@4:8 bf16',
    'misplaced-key@7:5 weight',
    'invalid-parameter@8:28 1.5',
    'filter-unmatched@8:52 mpl',
    'model-not-found@9:12 nowhere',
    'unknown-parameter@10:30 densty',
    'parameter-missing@11:12 two',
    'misplaced-parameter@12:19 lambda',
    'invalid-reference@13:12 a+b+c',
    'tokenizer-missing@14:12 { source: union, pad: 8 }',
    'unknown-key@14:29 pad',
    'invalid-parameter@15:26 maybe',
  ]);
  expect(performance.now() - start).toBeLessThan(1000);
});

test('a key that is written twice counts as its last, with a warning', async () => {
  const { plan, faults } = await planText(folder, `${linear}dtype: float16\ndtype: float32\n`);
  expect(faults).toMatchObject([{ severity: 'warning', code: 'yaml-duplicate-key', line: 4 }]);
  expect(plan?.steps[0]?.output.dtype).toBe('F32');
});

test('the same model listed twice counts twice', async () => {
  const text =
    'merge_method: linear\nmodels:\n  - { model: one, parameters: { weight: 0.1 } }\n  - { model: one, parameters: { weight: 1 } }\nparameters: { normalize: false }\n';
  const { plan, faults } = await planText(folder, text);
  expect(faults).toMatchObject([{ severity: 'warning', code: 'model-twice', line: 4 }]);
  expect(plan?.operations[0]?.perInput).toEqual([{ weight: 0.1 }, { weight: 1 }]);
  expect(plan?.steps[0]?.inputs.map(({ model }) => model)).toEqual([0, 1]);
});
