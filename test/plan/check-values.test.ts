import { expect, test } from 'vitest';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });

const recipe = (method: string, one: string, rest = '') =>
  `merge_method: ${method}\nbase_model: base\nmodels:\n  - { model: one, parameters: { ${one} } }\n  - { model: two, parameters: { weight: 1 } }\n${rest}`;

test.each([
  ['multislerp', 'weight: -1', '', [['weights-cancel', 'error']]],
  ['multislerp', 'weight: -1', 'parameters: { normalize_weights: false }\n', []],
  ['della', 'weight: 1, density: 0.1', '', [['invalid-parameter', 'error']]],
  ['della_linear', 'weight: 1, density: 0.9, epsilon: 0.1', '', [['invalid-parameter', 'error']]],
  ['della', 'weight: 1, density: 0.5', '', []],
  ['della', 'weight: 1, density: 1', '', []],
])('%s with %s %s', async (method, one, rest, expected) => {
  const { faults } = await planText(folder, recipe(method, one, rest));
  expect(faults.map(({ code, severity }) => [code, severity])).toEqual(expected);
});

test('slerp to unit length is loudly allowed', async () => {
  const { plan, faults } = await planText(
    folder,
    'merge_method: slerp\nbase_model: base\nmodels: [{ model: one }]\nparameters: { t: 0.5, norm: unit }\n',
  );
  expect(plan).not.toBeNull();
  expect(faults.map(({ code, severity }) => [code, severity])).toEqual([['unit-norm', 'warning']]);
});
