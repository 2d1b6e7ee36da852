import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../src/protocol/plan.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 2, hidden: 4, keyRows: 2, ffn: 8, vocabulary: 6 };
const write = (name: string, tied: boolean, config: Record<string, unknown> = {}) => {
  const decoder = { ...tiny, tied };
  writeCheckpoint(join(folder, name), {
    tensors: decoderTensors(decoder),
    config: { ...decoderConfig(decoder), ...config },
  });
};
write('tied', true);
write('tied-too', true);
write('untied', false);
write('untied-too', false);
write('mistaken', true, { tie_word_embeddings: false });
write('unsaid', false, { tie_word_embeddings: undefined });

const configOf = (plan: Plan | null) =>
  JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');

const methods = {
  linear: (a: string, b: string) =>
    `merge_method: linear\nmodels: [{ model: ${a} }, { model: ${b} }]\nparameters: { weight: 1 }\n`,
  slerp: (a: string, b: string) =>
    `merge_method: slerp\nbase_model: ${a}\nmodels: [{ model: ${b} }]\nparameters: { t: 0.5 }\n`,
  ties: (a: string, b: string) =>
    `merge_method: ties\nbase_model: ${a}\nmodels: [{ model: ${b} }]\nparameters: { weight: 1 }\n`,
};

const headOf = (plan: Plan | null) => {
  const step = plan?.steps.find(({ tensor }) => tensor === 'lm_head.weight');
  return step && [...(step.base ? [step.base] : []), ...step.inputs].map(({ tensor }) => tensor);
};

const head = 'lm_head.weight';
const embedding = 'model.embed_tokens.weight';

describe.each(Object.entries(methods))('%s', (_, recipe) => {
  test.each([
    ['tied', 'tied-too', undefined, true],
    ['tied', 'untied', [embedding, head], false],
    ['untied', 'tied', [head, embedding], false],
    ['untied', 'untied-too', [head, head], false],
    ['mistaken', 'tied', undefined, true],
  ] as const)('%s and %s', async (a, b, expected, flag) => {
    const { plan, faults } = await planText(folder, recipe(a, b));
    expect(faults).toEqual([]);
    expect(headOf(plan)).toEqual(expected);
    expect(configOf(plan).tie_word_embeddings).toBe(flag);
    expect(plan?.steps.length).toBe(expected === undefined ? 20 : 21);
  });
});

test('a flag that is not there and need not be stays away', async () => {
  const { plan } = await planText(folder, methods.linear('unsaid', 'untied'));
  expect('tie_word_embeddings' in configOf(plan)).toBe(false);
});

test('T5 finds its embedding under any of its names', async () => {
  const t5 = (shared: string, more: readonly string[] = []) =>
    Object.fromEntries(
      [shared, ...more, 'lm_head.weight', 'encoder.block.0.layer.0.q.weight', 'decoder.block.0.layer.0.q.weight'].map(
        (name) => [name, { dtype: 'F32', shape: [6, 4] } as const],
      ),
    );
  const config = { architectures: ['T5ForConditionalGeneration'], model_type: 't5', vocab_size: 6 };
  writeCheckpoint(join(folder, 't5-a'), { tensors: t5('shared.weight', ['encoder.embed_tokens.weight']), config });
  writeCheckpoint(join(folder, 't5-b'), { tensors: t5('decoder.embed_tokens.weight'), config });
  const { plan, faults } = await planText(folder, methods.linear('t5-a', 't5-b'));
  expect(faults).toEqual([]);
  const inputs = Object.fromEntries(plan?.steps.map((step) => [step.tensor, step.inputs[1]?.tensor]) ?? []);
  expect(inputs).toMatchObject({
    'shared.weight': 'decoder.embed_tokens.weight',
    'encoder.embed_tokens.weight': 'decoder.embed_tokens.weight',
    'lm_head.weight': 'lm_head.weight',
  });
});
