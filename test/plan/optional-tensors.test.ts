import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const bias = 'model.layers.0.self_attn.q_proj.bias';
const weight = 'model.layers.0.self_attn.q_proj.weight';
const write = (name: string, tensors: TestTensors) => writeCheckpoint(join(folder, name), { tensors });
const matrix: TestTensors = { [weight]: { dtype: 'F32', shape: [4, 4] } };
const vector: TestTensors = { [bias]: { dtype: 'F32', shape: [4] } };
for (const name of ['plain', 'plain-too']) write(name, matrix);
for (const name of ['biased', 'biased-too', 'biased-three']) write(name, { ...matrix, ...vector });
write('hollow', vector);

const recipe = (method: string, base: string | null, models: readonly string[]) => {
  const parameters = { linear: 'weight: 1', slerp: 't: 0.5', ties: 'weight: 1', model_stock: 'filter_wise: false' }[
    method
  ];
  const listed = models.map((model) => `{ model: ${model} }`).join(', ');
  const basis = base === null ? '' : `base_model: ${base}\n`;
  return `merge_method: ${method}\n${basis}models: [${listed}]\nparameters: { ${parameters} }\n`;
};

const biasOf = async (text: string, options: Parameters<typeof planText>[2] = {}) => {
  const { plan, faults } = await planText(folder, text, options);
  const step = plan?.steps.find(({ tensor }) => tensor === bias);
  const models = (step && [...(step.base ? [step.base] : []), ...step.inputs])?.map(
    ({ model }) => plan?.models[model]?.reference,
  );
  return { faults: faults.map(({ code }) => code), models, isCopy: step?.operation === null };
};

describe('a bias that some models lack', () => {
  test.each([
    ['linear', null, ['plain', 'biased', 'biased-too'], ['biased', 'biased-too'], false],
    ['linear', null, ['biased', 'plain'], ['biased'], false],
    ['slerp', 'biased', ['plain'], ['biased'], true],
    ['slerp', 'plain', ['biased'], ['biased'], true],
    ['ties', 'biased', ['plain', 'biased-too'], ['biased', 'biased-too'], false],
    ['model_stock', 'biased', ['biased-too', 'biased-three', 'plain'], ['biased', 'biased-too', 'biased-three'], false],
    ['model_stock', 'biased', ['plain', 'plain-too'], ['biased'], true],
  ] as const)('%s of %s and %s takes %s', async (method, base, models, expected, isCopy) => {
    expect(await biasOf(recipe(method, base, models))).toEqual({ faults: [], models: expected, isCopy });
  });

  test.each([
    ['a base', recipe('ties', 'plain', ['biased']), ['tensor-missing']],
    ['any other', recipe('ties', 'biased', ['plain']), ['tensor-missing']],
  ])('is missing where ties lacks %s', async (_, text, expected) => {
    expect((await biasOf(text)).faults).toEqual(expected);
  });

  test('is left out, with a warning, where Model Stock has too few', async () => {
    const text = recipe('model_stock', 'biased', ['biased-too', 'plain']);
    expect(await biasOf(text)).toEqual({ faults: ['tensor-dropped'], models: undefined, isCopy: false });
  });

  test('is merged by those that have it when asked to skip', async () => {
    const { models, faults } = await biasOf(recipe('ties', 'biased', ['plain']), { onMismatch: 'skip' });
    expect(models).toEqual(['biased']);
    expect(faults).toEqual(['mismatch-skipped']);
  });
});

test('a weight that is missing is a fault of the model that lacks it', async () => {
  const { faults } = await planText(folder, recipe('linear', null, ['biased', 'hollow']));
  expect(faults.map(pointing)).toEqual(['tensor-missing@2:38 hollow']);
  expect(faults[0]?.message).toContain(
    'hollow lacks 1 tensor that others have: model.layers.*.self_attn.q_proj.weight',
  );
});

test('integers are copied, and must be of one type', async () => {
  const ids = (dtype: 'I64' | 'I32'): TestTensors => ({
    ...matrix,
    'embeddings.position_ids': { dtype, shape: [1, 4] },
  });
  write('long', ids('I64'));
  write('long-too', ids('I64'));
  write('short', ids('I32'));
  const { plan } = await planText(folder, `${recipe('linear', null, ['long', 'long-too'])}dtype: bfloat16\n`);
  const step = plan?.steps.find(({ tensor }) => tensor === 'embeddings.position_ids');
  expect(step).toMatchObject({ operation: null, output: { dtype: 'I64' } });
  expect(step?.inputs.length).toBe(2);
  const { faults } = await planText(folder, recipe('linear', null, ['long', 'short']));
  expect(faults.map(({ code }) => code)).toEqual(['dtype-mismatch']);
});

test('tensors that only one model has are left out with a warning', async () => {
  write('more', { ...matrix, 'model.mtp.proj.weight': { dtype: 'F32', shape: [4, 4] } });
  const { plan, faults } = await planText(folder, recipe('linear', null, ['plain', 'more']));
  expect(plan?.steps.map(({ tensor }) => tensor)).toEqual([weight]);
  expect(faults).toMatchObject([{ code: 'tensor-ignored', severity: 'warning' }]);
  expect(faults[0]?.message).toContain('model.mtp.proj.weight');
});
