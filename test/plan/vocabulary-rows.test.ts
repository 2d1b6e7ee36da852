import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { PlanOptions } from '../../src/plan/build.js';
import type { Plan, Step } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { bpe } from '../tokenizer/folders.js';
import { type Decoder, decoderConfig, decoderTensors, writeAdapter } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 1, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 4 };
const words = ['a', 'b', 'c', 'd'];
const embedding = 'model.embed_tokens.weight';
const head = 'lm_head.weight';

const write = (
  name: string,
  decoder: Partial<Decoder> = {},
  { added = [], more = {} }: { added?: readonly string[]; more?: TestTensors } = {},
) =>
  writeCheckpoint(join(folder, name), {
    tensors: { ...decoderTensors({ ...tiny, ...decoder }), ...more },
    config: decoderConfig({ ...tiny, ...decoder }),
    files: { 'tokenizer.json': JSON.stringify(bpe({ vocab: words, added })) },
  });
write('base');
write('more', { vocabulary: 6 }, { added: ['<x>', '<y>'] });
write('wide', { vocabulary: 6, hidden: 6 }, { added: ['<x>', '<y>'] });
write('short-head', { vocabulary: 6 }, { added: ['<x>', '<y>'], more: { [head]: { dtype: 'BF16', shape: [5, 4] } } });
write('padded', { vocabulary: 8 });
write('padded-wide', { vocabulary: 8, hidden: 6 });
const positions = (count: number): TestTensors => ({ 'embeddings.position_ids': { dtype: 'I64', shape: [1, count] } });
write('few-positions', {}, { more: positions(8) });
write('many-positions', {}, { more: positions(16) });

const adapter = (name: string, tensors: TestTensors) => writeAdapter(folder, name, tensors);
adapter('embedding-adapter', {
  'model.embed_tokens.lora_embedding_A': { dtype: 'F32', shape: [2, 6] },
  'model.embed_tokens.lora_embedding_B': { dtype: 'F32', shape: [4, 2] },
});

const merge = (models: readonly string[], rest = '') =>
  `merge_method: linear\nmodels: [${models.map((model) => `{ model: ${model} }`).join(', ')}]\nparameters: { weight: 1 }\n${rest}`;
const planned = async (models: readonly string[], options: Partial<PlanOptions> = {}, rest = '') =>
  await planText(folder, merge(models, rest), options);
const stepOf = (plan: Plan | null, tensor: string): Step | undefined =>
  plan?.steps.find((step) => step.tensor === tensor);

/** Where each row of each input of a tensor comes from: `model:row` of those to take the mean of. */
const originsOf = (plan: Plan | null, tensor: string): string[][] =>
  (stepOf(plan, tensor)?.inputs ?? []).map(({ model, rows, shape }) => {
    const map = rows === null ? null : plan?.rowMaps[rows];
    if (map === null || map === undefined) return Array.from({ length: shape[0] ?? 0 }, (_, row) => `${model}:${row}`);
    const origins: string[] = [];
    for (const { to, source, count } of map.runs)
      for (let offset = 0; offset < count; offset++) origins[to + offset] = `${model}:${source + offset}`;
    for (const { to, count, sources } of map.fills)
      for (let offset = 0; offset < count; offset++)
        origins[to + offset] = sources.map((origin) => `${origin.model}:${origin.row + offset}`).join('+');
    return origins;
  });
const own = (model: number, rows: number) => Array.from({ length: rows }, (_, row) => `${model}:${row}`);
const sizeIn = (plan: Plan | null): number =>
  JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}').vocab_size;

describe('rows of vocabulary tensors', () => {
  test('are cut after an update of all of them', async () => {
    const { plan, faults } = await planned(['base', 'more+embedding-adapter'], { truncateEmbeddings: true });
    expect(faults.map(({ code }) => code)).toEqual(['embeddings-truncated', 'embeddings-truncated']);
    const input = stepOf(plan, embedding)?.inputs[1];
    expect([stepOf(plan, embedding)?.shape, input?.shape, input?.lora?.a.shape]).toEqual([
      [4, 4],
      [6, 4],
      [2, 6],
    ]);
    expect(originsOf(plan, embedding)).toEqual([own(0, 4), own(1, 4)]);
  });

  test('are cut to one number in embedding and head, that of config.json', async () => {
    for (const models of [
      ['more', 'short-head'],
      ['short-head', 'more'],
    ]) {
      const { plan, faults } = await planned(models, { truncateEmbeddings: true });
      expect(faults.map(({ code }) => code)).toEqual(['embeddings-truncated', 'embeddings-truncated']);
      for (const tensor of [embedding, head]) {
        expect(stepOf(plan, tensor)?.shape).toEqual([5, 4]);
        expect(originsOf(plan, tensor)).toEqual([own(0, 5), own(1, 5)]);
      }
      expect(sizeIn(plan)).toBe(5);
    }
  });

  test('are aligned by token also where models are padded to the width of others', async () => {
    const { plan, faults } = await planned(['base', 'wide'], { onMismatch: 'pad' }, 'tokenizer: { source: union }\n');
    expect(new Set(faults.map(({ code }) => code))).toEqual(new Set(['mismatch-padded']));
    for (const tensor of [embedding, head]) {
      expect(stepOf(plan, tensor)?.shape).toEqual([6, 6]);
      expect(originsOf(plan, tensor)).toEqual([[...own(0, 4), '1:4', '1:5'], own(1, 6)]);
    }
    expect(sizeIn(plan)).toBe(6);
  });

  test('are aligned among the models that are left where others are skipped', async () => {
    const tokenizer = 'tokenizer: { source: union }\n';
    const { plan } = await planned(['base', 'wide', 'more'], { onMismatch: 'skip' }, tokenizer);
    expect(stepOf(plan, embedding)?.shape).toEqual([6, 4]);
    expect(originsOf(plan, embedding)).toEqual([[...own(0, 4), '2:4', '2:5'], own(2, 6)]);
    expect(sizeIn(plan)).toBe(6);
  });

  test('without a token are zeros where their model takes no part', async () => {
    const tokenizer = 'tokenizer: { source: padded-wide }\n';
    const { plan } = await planned(['base', 'more', 'padded-wide'], { onMismatch: 'skip' }, tokenizer);
    expect(originsOf(plan, embedding)).toEqual([
      [...own(0, 4), '', '', '', ''],
      [...own(1, 4), '', '', '', ''],
    ]);
  });

  test('that one tensor lacks come from another model', async () => {
    const { plan } = await planned(['more', 'short-head'], {}, 'tokenizer: { source: union }\n');
    expect(originsOf(plan, embedding)).toEqual([own(0, 6), own(1, 6)]);
    expect(originsOf(plan, head)).toEqual([own(0, 6), [...own(1, 5), '0:5']]);
  });

  test('are aligned in a bias that is stored as one row', async () => {
    const bias = (count: number): TestTensors => ({ final_logits_bias: { dtype: 'BF16', shape: [1, count] } });
    write('bias', {}, { more: bias(4) });
    write('longer-bias', { vocabulary: 6 }, { added: ['<x>', '<y>'], more: bias(6) });
    const models = ['bias', 'longer-bias'];
    for (const tokenizer of ['', 'tokenizer: { source: union }\n']) {
      const { plan, faults } = await planned(models, {}, tokenizer);
      expect(faults).toEqual([]);
      expect(stepOf(plan, 'final_logits_bias')?.shape).toEqual([1, 6]);
      expect(originsOf(plan, 'final_logits_bias')).toEqual([[...own(0, 4), '1:4', '1:5'], own(1, 6)]);
      expect(JSON.parse(plan?.shards[0]?.header ?? '{}').final_logits_bias.shape).toEqual([1, 6]);
    }
    const { plan: cut } = await planned(models, { truncateEmbeddings: true });
    expect(stepOf(cut, 'final_logits_bias')?.shape).toEqual([1, 4]);
    const { plan: same } = await planned(['bias', 'bias']);
    expect(stepOf(same, 'final_logits_bias')?.inputs.map(({ shape, rows }) => [shape, rows])).toEqual([
      [[4], null],
      [[4], null],
    ]);
  });

  test('are aligned where layers are stacked', async () => {
    const text = [
      'merge_method: passthrough',
      'slices:',
      '  - sources: [{ model: more, layer_range: [0, 1] }]',
      '  - sources: [{ model: base, layer_range: [0, 1] }]',
      'tokenizer: { source: union, pad_to_multiple_of: 4 }',
    ].join('\n');
    const { plan, faults } = await planText(folder, text);
    expect(faults).toMatchObject([{ code: 'token-without-source', severity: 'warning' }]);
    expect(faults[0]?.message).toContain(`${head} is taken from has 2 tokens of the result`);
    for (const tensor of [embedding, head]) expect(stepOf(plan, tensor)?.shape).toEqual([8, 4]);
    expect(originsOf(plan, embedding)).toEqual([own(0, 6)]);
    expect(originsOf(plan, head)).toEqual([[...own(1, 4), '', '']]);
    const alike = await planText(folder, text.replace('model: base', 'model: more'));
    expect(alike.faults).toEqual([]);
  });

  test('are aligned in tensors that no module names', async () => {
    const shapes = [
      'shared.weight',
      'encoder.embed_tokens.weight',
      'encoder.block.0.w.weight',
      'decoder.block.0.w.weight',
    ];
    writeCheckpoint(join(folder, 'two-stacks'), {
      tensors: Object.fromEntries(shapes.map((name) => [name, { dtype: 'BF16', shape: [6, 4] }])),
      config: { architectures: ['T5ForConditionalGeneration'], vocab_size: 6, num_layers: 1, num_decoder_layers: 1 },
      files: { 'tokenizer.json': JSON.stringify(bpe({ vocab: words })) },
    });
    const text = [
      'merge_method: passthrough',
      'modules:',
      '  decoder: { slices: [{ sources: [{ model: two-stacks, layer_range: [0, 1] }] }] }',
      'tokenizer: { source: base, pad_to_multiple_of: 8 }',
    ].join('\n');
    const { plan, faults } = await planText(folder, text);
    expect(faults.map(({ code }) => code)).toEqual(['module-unlisted']);
    expect(Object.fromEntries(plan?.steps.map(({ tensor, shape }) => [tensor, shape[0]]) ?? [])).toEqual(
      Object.fromEntries(shapes.map((name) => [name, name.includes('block') ? 6 : 8])),
    );
  });
});

test('integers of different shapes cannot be padded, but skipped', async () => {
  const models = ['few-positions', 'many-positions'];
  const { plan, faults } = await planned(models, { onMismatch: 'pad' });
  expect(plan).toBeNull();
  expect(faults).toMatchObject([{ code: 'shape-mismatch', exitCode: 6, line: 2 }]);
  const { plan: skipped } = await planned(models, { onMismatch: 'skip' });
  expect(stepOf(skipped, 'embeddings.position_ids')?.inputs).toHaveLength(1);
});

test.each([
  ['holds integers', { a: { dtype: 'I32', shape: [2, 4] }, b: { dtype: 'F32', shape: [4, 2] } }],
  ['holds nothing', { a: { dtype: 'F32', shape: [2, 0] }, b: { dtype: 'F32', shape: [0, 2] } }],
] as const)('an adapter that %s is refused', async (name, { a, b }) => {
  const module = 'model.layers.0.self_attn.q_proj';
  adapter(name, { [`${module}.lora_A.weight`]: a, [`${module}.lora_B.weight`]: b });
  const { faults } = await planned(['base', `base+${name}`]);
  expect(faults).toMatchObject([{ code: 'unsupported-adapter', exitCode: 6 }]);
});

test('an update of integers is refused', async () => {
  const module = 'model.layers.0.self_attn.codes';
  write('codes', {}, { more: { [`${module}.weight`]: { dtype: 'I8', shape: [4, 4] } } });
  adapter('codes-adapter', {
    [`${module}.lora_A.weight`]: { dtype: 'F32', shape: [2, 4] },
    [`${module}.lora_B.weight`]: { dtype: 'F32', shape: [4, 2] },
  });
  const { faults } = await planned(['codes', 'codes+codes-adapter']);
  expect(faults.map(({ code }) => code)).toContain('adapter-misfit');
  expect(faults.map(({ message }) => message).join()).toContain('holds I8');
});
