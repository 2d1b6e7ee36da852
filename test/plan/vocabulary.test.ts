import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Plan, StepInput } from '../../src/protocol/plan.js';
import { type TestCheckpoint, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { bpe } from '../tokenizer/folders.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 1, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 6 };
const words = ['a', 'b', 'c', 'd'];
const write = (
  name: string,
  rows: number,
  vocab: readonly string[] | null,
  {
    added = [],
    files = {},
    tied = false,
  }: { added?: readonly string[]; files?: TestCheckpoint['files']; tied?: boolean } = {},
) => {
  const decoder = { ...tiny, vocabulary: rows, tied };
  const tokenizer: Record<string, string> =
    vocab === null ? {} : { 'tokenizer.json': JSON.stringify(bpe({ vocab, added })), 'tokenizer_config.json': '{}' };
  writeCheckpoint(join(folder, name), {
    tensors: decoderTensors(decoder),
    config: { ...decoderConfig(decoder), bos_token_id: 0, eos_token_id: [3, 1] },
    files: { ...tokenizer, 'generation_config.json': '{"bos_token_id": 0}', ...files },
  });
};
write('base', 4, words);
write('more', 6, words, { added: ['<x>', '<y>'] });
write('padded', 8, words);
write('other', 4, ['a', 'c', 'b', 'd']);
write('reversed', 4, ['d', 'c', 'b', 'a']);
write('none', 4, null);
write('none-wide', 6, null);
write('tied', 6, words, { added: ['<x>', '<y>'], tied: true });
write('chatty', 4, words, { files: { 'chat_template.jinja': '{% for m in messages %}{{ m }}{% endfor %}' } });

const merge = (models: readonly string[], rest = '') =>
  `merge_method: linear\nmodels: [${models.map((model) => `{ model: ${model} }`).join(', ')}]\nparameters: { weight: 1 }\n${rest}`;
const stepOf = (plan: Plan | null, tensor: string) => plan?.steps.find((step) => step.tensor === tensor);
const fileOf = (plan: Plan | null, name: string) => plan?.sideFiles.find((file) => file.name === name);
const configOf = (plan: Plan | null) => JSON.parse(fileOf(plan, 'config.json')?.text ?? '{}');
const rowsOf = (plan: Plan | null, input: StepInput | undefined) =>
  input === undefined || input.rows === null ? null : plan?.rowMaps[input.rows];
const embedding = 'model.embed_tokens.weight';

describe('without a word about the tokenizer', () => {
  test('equal vocabularies stay as they are', async () => {
    const { plan, faults } = await planText(folder, merge(['base', 'chatty']));
    expect(faults).toEqual([]);
    expect(plan?.rowMaps).toEqual([]);
    expect(fileOf(plan, 'tokenizer.json')?.source).toBe(join(folder, 'base/tokenizer.json'));
  });

  test('tokens that only one model has come from it', async () => {
    const { plan, faults } = await planText(folder, merge(['base', 'more']));
    expect(faults).toEqual([]);
    const step = stepOf(plan, embedding);
    expect(step?.shape).toEqual([6, 4]);
    const more = plan?.models.findIndex(({ reference }) => reference === 'more');
    expect(rowsOf(plan, step?.inputs[0])).toEqual({
      rows: 6,
      runs: [{ to: 0, source: 0, count: 4 }],
      fills: [{ to: 4, count: 2, sources: [{ model: more, row: 4 }] }],
      padding: 0,
    });
    expect(step?.inputs[1]?.rows).toBeNull();
    expect(configOf(plan).vocab_size).toBe(6);
    expect(fileOf(plan, 'tokenizer.json')?.text).toContain('<y>');
    expect(fileOf(plan, 'generation_config.json')).toBeDefined();
    expect(stepOf(plan, 'lm_head.weight')?.inputs[0]?.rows).toBe(step?.inputs[0]?.rows);
  });

  test('padded rows are kept', async () => {
    const { plan } = await planText(folder, merge(['padded', 'base']));
    expect(stepOf(plan, embedding)?.shape).toEqual([8, 4]);
    expect(configOf(plan).vocab_size).toBe(8);
  });

  test('ids of different meaning are an error that names them', async () => {
    const { faults } = await planText(folder, merge(['base', 'other']));
    expect(faults.map(pointing)).toEqual(['vocabulary-mismatch@2:36 other']);
    expect(faults[0]).toMatchObject({ exitCode: 6 });
    expect(faults[0]?.message).toContain('1 is `b` there and `c` here');
    const settled = await planText(folder, merge(['base', 'other']), { onMismatch: 'skip' });
    expect(settled.faults).toMatchObject([{ code: 'vocabulary-mismatch', severity: 'warning' }]);
    expect(settled.plan).not.toBeNull();
  });

  test('other numbers of rows are told with the tokens, at the model that differs', async () => {
    write('reversed-wide', 6, ['d', 'c', 'b', 'a']);
    const { faults } = await planText(folder, merge(['base', 'reversed-wide']));
    expect(faults.map(pointing)).toEqual(['vocabulary-mismatch@2:36 reversed-wide']);
    expect(faults[0]?.message).toMatch(/^reversed-wide \(6 rows\) and base \(4 rows\) mean different tokens by 4 ids/);
    expect(faults[0]?.hint).toMatch(/tokenizer_source.*--on-mismatch.*--unsafe-truncate-embeddings/);
  });

  test('models without a tokenizer are compared by their rows', async () => {
    expect((await planText(folder, merge(['base', 'none']))).faults).toEqual([]);
    const { faults } = await planText(folder, merge(['base', 'none-wide']));
    expect(faults.map(({ code }) => code)).toEqual(['vocabulary-mismatch']);
    expect(faults[0]?.message).toContain('vocabulary 4 in base; 6 in none-wide (2 tensors');
  });
});

describe('a tokenizer that the recipe asks for', () => {
  test('is that of a model, with the rows of the others in its order', async () => {
    const { plan, faults } = await planText(folder, merge(['base', 'reversed'], 'tokenizer_source: reversed\n'));
    expect(faults).toEqual([]);
    const [own, theirs] = stepOf(plan, embedding)?.inputs ?? [];
    expect(rowsOf(plan, own)?.runs.map(({ to, source }) => [to, source])).toEqual(
      [0, 1, 2, 3].map((row) => [row, 3 - row]),
    );
    expect(theirs?.rows).toBeNull();
    expect(fileOf(plan, 'tokenizer.json')?.source).toBe(join(folder, 'reversed/tokenizer.json'));
    // Token 0 of the base is token 3 of the result.
    expect(configOf(plan)).toMatchObject({ bos_token_id: 3, eos_token_id: [0, 2] });
    expect(JSON.parse(fileOf(plan, 'generation_config.json')?.text ?? '{}')).toEqual({ bos_token_id: 3 });
  });

  test('has padding when asked for, also in a head that is tied', async () => {
    const rest = 'tokenizer: { source: union, pad_to_multiple_of: 8 }\n';
    const { plan, faults } = await planText(folder, merge(['base', 'tied'], rest));
    expect(faults).toEqual([]);
    expect(stepOf(plan, 'lm_head.weight')).toMatchObject({
      shape: [8, 4],
      inputs: [{ tensor: 'lm_head.weight' }, { tensor: embedding }],
    });
    expect(rowsOf(plan, stepOf(plan, embedding)?.inputs[1])?.padding).toBe(2);
    expect(configOf(plan)).toMatchObject({ vocab_size: 8, tie_word_embeddings: false });
  });

  test('has to be one that can be read', async () => {
    const { faults } = await planText(folder, merge(['none', 'none-wide'], 'tokenizer_source: base\n'));
    expect(faults.map(({ code }) => code)).toContain('tokenizer-missing');
  });
});

describe('the chat template', () => {
  test.each([
    ['auto', '{% for m in messages %}{{ m }}{% endfor %}'],
    ['"{{ messages[0].content | trim }}"', '{{ messages[0].content | trim }}'],
  ])('%s', async (written, expected) => {
    const { plan, faults } = await planText(folder, merge(['base', 'chatty'], `chat_template: ${written}\n`));
    expect(faults).toEqual([]);
    expect(fileOf(plan, 'chat_template.jinja')?.text).toBe(expected);
    expect(fileOf(plan, 'tokenizer.json')?.source).toBe(join(folder, 'base/tokenizer.json'));
  });

  test('that is none is a fault', async () => {
    const { faults } = await planText(folder, merge(['base', 'chatty'], 'chat_template: chatmll\n'));
    expect(faults.map(pointing)).toEqual(['chat-template-unknown@4:16 chatmll']);
    expect(faults[0]?.hint).toBe('did you mean `chatml`?');
  });
});

test('no tokenizer is written when none is wanted', async () => {
  const { plan } = await planText(folder, merge(['base', 'chatty']), { copyTokenizer: false, modelCard: false });
  const names = plan?.sideFiles.map(({ name }) => name);
  expect(names).toEqual(['generation_config.json', 'config.json']);
});
