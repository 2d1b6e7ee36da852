import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors, writeAdapter } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 1, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 6, tied: true };
const embedding = 'model.embed_tokens.weight';
const write = (name: string, config: Record<string, unknown>) =>
  writeCheckpoint(join(folder, name), { tensors: decoderTensors(tiny), config });
const { tie_word_embeddings: _, ...silent } = decoderConfig(tiny);
write('tied', decoderConfig(tiny));
write('by-default', silent);
write('t5', { ...decoderConfig(tiny), architectures: ['T5ForConditionalGeneration'], model_type: 't5' });
const factors = (rows: number) => ({
  'lm_head.lora_A.weight': { dtype: 'F32', shape: [2, 4] } as const,
  'lm_head.lora_B.weight': { dtype: 'F32', shape: [rows, 2] } as const,
});
writeAdapter(folder, 'adapter', factors(6));
writeAdapter(folder, 'longer', factors(7));

const planOf = async (model: string, ...others: readonly string[]) => {
  const list = [model, ...others].map((name) => `{ model: ${name} }`).join(', ');
  return await planText(folder, `merge_method: linear\nparameters: { weight: 1 }\nmodels: [${list}]\n`);
};

test.each(['tied', 'by-default'])(
  'an update of a head that is the embedding (%s) makes a head of its own',
  async (model) => {
    const { plan, faults } = await planOf(`${model}+adapter`);
    expect(faults).toEqual([]);
    const [table, head] = [embedding, 'lm_head.weight'].map((name) =>
      plan?.steps.find(({ tensor }) => tensor === name),
    );
    expect(table?.inputs[0]?.lora).toBeNull();
    expect(head?.inputs[0]?.lora?.b.shape).toEqual([6, 2]);
    expect(head?.inputs[0]?.parts).toEqual(table?.inputs[0]?.parts);
    const config = plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}';
    expect(JSON.parse(config).tie_word_embeddings).toBe(false);
  },
);

test('models without the update add their embedding to that head', async () => {
  const { plan } = await planOf('tied', 'tied+adapter');
  const head = plan?.steps.find(({ tensor }) => tensor === 'lm_head.weight');
  expect(head?.inputs.map(({ tensor, lora }) => [tensor, lora === null])).toEqual([
    [embedding, true],
    ['lm_head.weight', false],
  ]);
});

test('an update of another size is told with both', async () => {
  const { faults } = await planOf('tied+longer');
  expect(faults).toMatchObject([{ code: 'adapter-misfit', exitCode: 6 }]);
  expect(faults[0]?.message).toContain('lm_head.weight is [6, 4], its update [7, 4]');
});

test('where the head is the embedding with a factor, it is refused with a way out', async () => {
  const { faults } = await planOf('t5+adapter');
  expect(faults).toMatchObject([{ code: 'adapter-misfit', exitCode: 6 }]);
  expect(faults[0]?.message).toContain('its head is the embedding');
  expect(faults[0]?.hint).toContain('tie_word_embeddings: false');
});
