import { describe, expect, test } from 'vitest';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {}, wide: { ffn: 12 }, deep: { layers: 6 } });

const faultsOf = async (text: string) => (await planText(folder, text)).faults.map(pointing);

const linear = (models: string, rest = '') => `merge_method: linear\nmodels:\n${models}${rest}`;

describe('a recipe in the dialect of mergekit', () => {
  test('is planned when it is right', async () => {
    const { plan, faults } = await planText(
      folder,
      linear(
        '  - { model: one, parameters: { weight: 1 } }\n  - { model: two, parameters: { weight: 3 } }\n',
        'dtype: float32\n',
      ),
    );
    expect(faults).toEqual([]);
    expect(plan?.operations).toEqual([
      { method: 'linear', shared: { normalize: true }, perInput: [{ weight: 1 }, { weight: 3 }] },
    ]);
    expect(new Set(plan?.steps.map(({ output }) => output.dtype))).toEqual(new Set(['F32']));
  });

  test('reports a misspelt method, an unknown key, a missing folder and a shape mismatch at once', async () => {
    const text = `merge_method: tise
base_model: base
models:
  - model: one
    parametres: { weight: 1 }
  - model: nowhere
    parameters: { weight: 1 }
  - model: wide
    parameters: { weight: 1 }
`;
    const { faults, plan } = await planText(folder, text);
    expect(plan).toBeNull();
    expect(faults.map(pointing)).toEqual([
      'unknown-method@1:15 tise',
      'unknown-key@5:5 parametres',
      'model-not-found@6:12 nowhere',
      'shape-mismatch@8:12 wide',
    ]);
    expect(faults[0]?.hint).toBe('did you mean `ties`?');
    expect(faults[1]?.hint).toBe('did you mean `parameters`?');
    expect(faults[3]?.message).toContain(
      'MLP 8 in base and one; 12 in wide (4 tensors: model.layers.*.mlp.up_proj.weight)',
    );
  });

  test.each([
    ['no models', 'merge_method: linear\nmodels: []\n', ['models-missing@2:9 []']],
    ['no method', 'models:\n  - { model: one }\n', ['method-missing@1:1 models:']],
    ['a scalar for models', 'merge_method: linear\nmodels: one\n', ['invalid-value@2:9 one']],
    [
      'an unknown type',
      linear('  - { model: one, parameters: { weight: 1 } }\n', 'dtype: bfloat\n'),
      ['unknown-dtype@4:8 bfloat'],
    ],
    ['a weight that nothing sets', linear('  - model: one\n'), ['parameter-missing@3:12 one']],
    [
      'a parameter that the method lacks',
      linear('  - { model: one, parameters: { weight: 1, densty: 1 } }\n'),
      ['unknown-parameter@3:44 densty'],
    ],
    [
      'a parameter of the whole merge under a model',
      'merge_method: slerp\nbase_model: base\nmodels:\n  - model: one\n    parameters:\n      t: 0.5\nparameters: { t: 1 }\n',
      ['misplaced-parameter@6:7 t'],
    ],
    [
      'a density beyond 1',
      'merge_method: ties\nbase_model: base\nmodels:\n  - model: one\n    parameters: { weight: 1, density: 1.5 }\n',
      ['invalid-parameter@5:39 1.5'],
    ],
    [
      'a word for a number',
      linear('  - model: one\n    parameters: { weight: much }\n'),
      ['invalid-parameter@4:27 much'],
    ],
    [
      'a filter that is part of no name',
      linear(
        '  - model: one\n    parameters:\n      weight:\n        - { filter: mpl, value: 1 }\n        - { value: 0.5 }\n',
      ),
      ['filter-unmatched@6:21 mpl'],
    ],
    [
      'a filter behind one that takes everything',
      linear(
        '  - model: one\n    parameters:\n      weight:\n        - { value: 0.5 }\n        - { filter: mlp, value: 1 }\n',
      ),
      ['filter-unmatched@7:21 mlp'],
    ],
    [
      'plain values among filters',
      linear('  - model: one\n    parameters: { weight: [1, { value: 2 }] }\n'),
      ['invalid-value@4:28 1'],
    ],
    [
      'no base',
      'merge_method: ties\nmodels:\n  - { model: one, parameters: { weight: 1 } }\n',
      ['base-missing@1:15 ties'],
    ],
    [
      'too many models',
      'merge_method: slerp\nbase_model: base\nmodels:\n  - model: one\n  - model: two\nparameters: { t: 0.5 }\n',
      ['wrong-count@3:1 models'],
    ],
    [
      'too few models',
      'merge_method: model_stock\nbase_model: base\nmodels:\n  - model: one\n',
      ['wrong-count@3:1 models'],
    ],
    [
      'weights that cancel',
      linear('  - { model: one, parameters: { weight: 1 } }\n  - { model: two, parameters: { weight: -1 } }\n'),
      ['weights-cancel@2:1 models'],
    ],
    [
      'another depth',
      linear('  - { model: one, parameters: { weight: 1 } }\n  - { model: deep, parameters: { weight: 1 } }\n'),
      ['depth-mismatch@4:14 deep'],
    ],
    [
      'a shallower model',
      linear('  - { model: deep, parameters: { weight: 1 } }\n  - { model: one, parameters: { weight: 1 } }\n'),
      ['depth-mismatch@4:14 one'],
    ],
    ['broken YAML', 'merge_method: [linear\n', ['yaml-bad-indent@2:1 ']],
    [
      'a key twice',
      linear('  - { model: one, parameters: { weight: 1 } }\n', 'dtype: float16\ndtype: float32\n'),
      ['yaml-duplicate-key@5:1 dtype'],
    ],
  ])('points at %s', async (_, text, expected) => {
    expect(await faultsOf(text)).toEqual(expected);
  });

  test('takes a base that is listed among the models for the base alone', async () => {
    const { plan } = await planText(
      folder,
      'merge_method: task_arithmetic\nbase_model: base\nmodels:\n  - model: base\n  - { model: ./one, parameters: { weight: 1 } }\n',
    );
    expect(plan?.steps[0]?.inputs.map(({ model }) => model)).toEqual([1]);
    expect(plan?.models.map(({ role, reference }) => [role, reference])).toEqual([
      ['base', 'base'],
      ['input', './one'],
    ]);
  });

  test('reads YAML 1.1 as PyYAML does', async () => {
    const { plan, faults } = await planText(
      folder,
      linear(
        '  - model: one\n    parameters: &same { weight: 010 }\n  - model: two\n    parameters: { <<: *same }\n',
        'parameters: { normalize: no }\n',
      ),
    );
    expect(faults).toEqual([]);
    expect(plan?.operations).toEqual([
      { method: 'linear', shared: { normalize: false }, perInput: [{ weight: 8 }, { weight: 8 }] },
    ]);
  });

  test('refuses nesting that would abort the parser', async () => {
    expect(await faultsOf(`models: ${'['.repeat(20_000)}`)).toEqual(['yaml-too-large']);
  });
});
