import { describe, expect, test } from 'vitest';
import type { SideFile } from '../../src/protocol/plan.js';
import { planTokenizer } from '../../src/tokenizer/plan-tokenizer.js';
import { readVocabulary } from '../../src/tokenizer/read-vocabulary.js';
import type { TokenizerRequest } from '../../src/tokenizer/request.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import { bpe, type FileContents, faultAt, folderOf, modelOf, tinyModel } from './folders.js';
import { sentencepieceModel } from './sentencepiece-model.js';

const planned = (models: readonly TokenizerModel[], source: TokenizerRequest['source']) =>
  planTokenizer({ request: { source, tokens: [], padToMultipleOf: null, path: [] }, models, base: 0, faultAt });

const filesOf = (
  models: readonly TokenizerModel[],
  source: TokenizerRequest['source'] = 'union',
): readonly SideFile[] => planned(models, source).plan?.files ?? [];

/** The files as a model would have them: what is copied comes from `donor`. */
const asWritten = (files: readonly SideFile[], donor: TokenizerModel): FileContents =>
  Object.fromEntries(files.map(({ name, text }) => [name, text ?? donor.folder?.contents.get(name) ?? '']));

const jsonIn = (files: readonly SideFile[], name: string): Record<string, unknown> =>
  JSON.parse(files.find((file) => file.name === name)?.text ?? 'null');

const newcomer = tinyModel('newcomer', { vocab: ['a', 'z"\\'], added: ['<im>'] });

describe('a tokenizer that stays as it is', () => {
  test('is copied file by file', () => {
    const model = modelOf(
      'base',
      { 'tokenizer.json': bpe({ vocab: ['a'] }), 'vocab.json': { a: 0 }, 'merges.txt': '' },
      1,
    );
    expect(filesOf([model, tinyModel('other', { vocab: ['a'] })])).toEqual(
      ['tokenizer.json', 'vocab.json', 'merges.txt'].map((name) => ({
        name,
        source: `/models/base/${name}`,
        text: null,
      })),
    );
  });
});

describe('new tokens', () => {
  const files: FileContents = {
    'tokenizer.json': JSON.stringify(bpe({ vocab: ['b', '7', 'a'], added: ['<s>'] }), null, 2),
    'tokenizer_config.json': {
      bos_token: '<s>',
      model_max_length: 77,
      added_tokens_decoder: { 3: { content: '<s>', special: true } },
    },
    'special_tokens_map.json': { bos_token: '<s>' },
    'tokenizer.model': 'unread',
  };
  const donor = modelOf('base', files, 4);
  const written = filesOf([donor, newcomer]);

  test('follow in tokenizer.json, whose other text stays', () => {
    const before = String(files['tokenizer.json']);
    const after = written.find(({ name }) => name === 'tokenizer.json')?.text ?? '';
    const start = before.indexOf('"added_tokens"');
    expect(after.slice(0, start)).toBe(before.slice(0, start));
    const end = before.length - before.indexOf('"normalizer"');
    expect(after.slice(-end)).toBe(before.slice(-end));
    expect(
      JSON.parse(after).added_tokens.map(({ id, content }: { id: number; content: string }) => [id, content]),
    ).toEqual([
      [3, '<s>'],
      [4, 'z"\\'],
      [5, '<im>'],
    ]);
  });

  test('stand in the table of tokenizer_config.json, which keeps its other values', () => {
    expect(jsonIn(written, 'tokenizer_config.json')).toMatchObject({
      model_max_length: 77,
      added_tokens_decoder: {
        3: { content: '<s>' },
        4: { content: 'z"\\', special: false },
        5: { content: '<im>', special: true },
      },
    });
  });

  test('make a vocabulary that reads as it was planned', () => {
    const again = readVocabulary(folderOf(asWritten(written, donor)));
    expect(again?.tokens).toEqual(planned([donor, newcomer], 'union').plan?.vocabulary.tokens);
  });

  test('keep their ids where a special token was only named beside the tokenizer', () => {
    const named = modelOf(
      'base',
      { 'tokenizer.json': bpe({ vocab: ['a'] }), 'tokenizer_config.json': { pad_token: '<pad>' } },
      2,
    );
    const again = readVocabulary(folderOf(asWritten(filesOf([named, newcomer]), named)));
    expect([...(again?.tokens ?? [])]).toEqual([
      ['a', 0],
      ['<pad>', 1],
      ['z"\\', 2],
      ['<im>', 3],
    ]);
  });

  test('come into a tokenizer.json that has no list of them', () => {
    const bare = modelOf('base', { 'tokenizer.json': { model: { vocab: { a: 0 } } } }, 1);
    const again = readVocabulary(folderOf(asWritten(filesOf([bare, newcomer]), bare)));
    expect([...(again?.tokens ?? [])]).toEqual([
      ['a', 0],
      ['z"\\', 1],
      ['<im>', 2],
    ]);
  });

  test.each<[string, FileContents]>([
    [
      'a sentencepiece model',
      { 'tokenizer.model': sentencepieceModel([['<unk>', 2], 'a']), 'tokenizer_config.json': {} },
    ],
    ['vocab.json', { 'vocab.json': { '<unk>': 0, a: 1 }, 'merges.txt': '' }],
  ])('come beside %s', (_, contents) => {
    const old = modelOf('base', contents, 2);
    const made = filesOf([old, newcomer]);
    expect(jsonIn(made, 'added_tokens.json')).toEqual({ 'z"\\': 2, '<im>': 3 });
    expect(readVocabulary(folderOf(asWritten(made, old)))?.tokens.get('<im>')).toBe(3);
  });
});

describe('tokens without a row', () => {
  const contents = (more: Readonly<Record<string, unknown>> = {}): FileContents => ({
    'tokenizer.json': bpe({
      vocab: ['a', 'b', '9', 'ab', '9a'],
      merges: ['a b', '9 a'],
      added: ['<s>', '<pad>'],
      more,
    }),
    'tokenizer_config.json': {
      bos_token: '<s>',
      pad_token: '<pad>',
      extra_special_tokens: ['<s>', '<pad>'],
      added_tokens_decoder: { 5: { content: '<s>' }, 6: { content: '<pad>' } },
    },
    'special_tokens_map.json': { pad_token: { content: '<pad>' } },
    'vocab.json': 'unread',
  });

  test('that are added disappear from every file', () => {
    const donor = modelOf('base', contents(), 6);
    const made = filesOf([donor], 'base');
    expect(jsonIn(made, 'tokenizer_config.json')).toEqual({
      bos_token: '<s>',
      extra_special_tokens: ['<s>'],
      added_tokens_decoder: { 5: expect.objectContaining({ content: '<s>' }) },
    });
    expect(jsonIn(made, 'special_tokens_map.json')).toEqual({});
    expect(readVocabulary(folderOf(asWritten(made, donor)))?.size).toBe(6);
    expect(made.map(({ name }) => name)).toContain('vocab.json');
  });

  test('that are ordinary take their merges along, and the files that hold them, too', () => {
    const donor = modelOf('base', contents(), 4);
    const made = filesOf([donor], 'base');
    expect(jsonIn(made, 'tokenizer.json')).toMatchObject({
      added_tokens: [],
      model: { vocab: { a: 0, b: 1, '9': 2, ab: 3 }, merges: ['a b'] },
    });
    expect(made.map(({ name }) => name)).not.toContain('vocab.json');
  });

  test('of a Unigram model are cut off', () => {
    const unigram = {
      type: 'Unigram',
      unk_id: 0,
      vocab: [
        ['<unk>', 0],
        ['a', -1],
        ['b', -2],
      ],
    };
    const made = filesOf([modelOf('base', { 'tokenizer.json': { added_tokens: [], model: unigram } }, 2)], 'base');
    expect(jsonIn(made, 'tokenizer.json')).toMatchObject({
      model: {
        vocab: [
          ['<unk>', 0],
          ['a', -1],
        ],
      },
    });
  });

  test('that pad texts no longer do', () => {
    const made = filesOf([modelOf('base', contents({ padding: { pad_token: '<pad>', pad_id: 6 } }), 6)], 'base');
    expect(jsonIn(made, 'tokenizer.json').padding).toBeNull();
  });

  test('that the tokenizer puts into every text are a fault', () => {
    const template = { type: 'TemplateProcessing', single: [{ SpecialToken: { id: '<pad>', type_id: 0 } }] };
    const { faults } = planned([modelOf('base', contents({ post_processor: template }), 6)], 'base');
    expect(faults).toMatchObject([{ code: 'token-without-row' }, { code: 'token-needed', severity: 'error' }]);
  });

  test('in a sentencepiece model are a fault', () => {
    const { faults } = planned([modelOf('base', { 'tokenizer.model': sentencepieceModel(['a', 'b']) }, 1)], 'base');
    expect(faults).toMatchObject([
      { code: 'token-without-row' },
      { code: 'tokenizer-not-shortened', severity: 'error' },
    ]);
  });
});
