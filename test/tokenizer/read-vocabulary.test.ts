import { describe, expect, test } from 'vitest';
import { readVocabulary } from '../../src/tokenizer/read-vocabulary.js';
import { failureOf } from '../hub/rejection.js';
import { bpe, type FileContents, folderOf } from './folders.js';
import { sentencepieceModel } from './sentencepiece-model.js';

const read = (files: FileContents) => readVocabulary(folderOf(files));

/** Tokens in the order of their ids, separated by spaces. */
const tokensOf = (files: FileContents): string | undefined => {
  const vocabulary = read(files);
  return [...(vocabulary?.tokens ?? [])]
    .sort(([, a], [, b]) => a - b)
    .map(([token, id]) => `${token}=${id}`)
    .join(' ');
};

const wordLevel = { type: 'WordLevel', unk_token: '[UNK]', vocab: { '[UNK]': 0, yes: 1, '7': 2 } };
const unigram = {
  type: 'Unigram',
  unk_id: 0,
  vocab: [
    ['<unk>', 0],
    ['▁a', -1.5],
    ['b', -2],
  ],
};
const wordPiece = { type: 'WordPiece', continuing_subword_prefix: '##', vocab: { '[UNK]': 0, a: 1, '##b': 2 } };

describe('the tokens of', () => {
  test.each<[string, FileContents, string]>([
    ['a BPE tokenizer', { 'tokenizer.json': bpe({ vocab: ['a', 'b', 'ab'], merges: ['a b'] }) }, 'a=0 b=1 ab=2'],
    [
      'added tokens after them',
      { 'tokenizer.json': bpe({ vocab: ['a'], added: ['<s>', '</s>'] }) },
      'a=0 <s>=1 </s>=2',
    ],
    ['a WordLevel tokenizer', { 'tokenizer.json': { model: wordLevel } }, '[UNK]=0 yes=1 7=2'],
    ['a Unigram tokenizer', { 'tokenizer.json': { model: unigram } }, '<unk>=0 ▁a=1 b=2'],
    ['a WordPiece tokenizer', { 'tokenizer.json': { model: wordPiece } }, '[UNK]=0 a=1 ##b=2'],
    ['a model that names no type', { 'tokenizer.json': { model: { vocab: { x: 0 } } } }, 'x=0'],
    ['escaped names', { 'tokenizer.json': '{"model":{"vocab":{"\\u0120a\\"\\\\":0,"}":1}}}' }, 'Ġa"\\=0 }=1'],
    ['a sentencepiece model', { 'tokenizer.model': sentencepieceModel(['<unk>', '<s>', '▁a']) }, '<unk>=0 <s>=1 ▁a=2'],
    ['vocab.json', { 'vocab.json': { a: 1, b: 0 }, 'merges.txt': '' }, 'b=0 a=1'],
    ['vocab.txt', { 'vocab.txt': '[PAD]\na\n##b\n' }, '[PAD]=0 a=1 ##b=2'],
    ['vocab.txt with Windows line ends', { 'vocab.txt': '[PAD]\r\na' }, '[PAD]=0 a=1'],
    [
      'vocab.json and added_tokens.json',
      { 'vocab.json': { a: 0 }, 'added_tokens.json': { '<y>': 2, '<x>': 1 } },
      'a=0 <x>=1 <y>=2',
    ],
  ])('%s', (_, files, expected) => {
    expect(tokensOf(files)).toBe(expected);
  });

  test('tokenizer.json are used where there are other forms, too', () => {
    const files = { 'tokenizer.json': bpe({ vocab: ['a'] }), 'vocab.json': { other: 0 } };
    expect(read(files)).toMatchObject({ source: 'tokenizer.json', size: 1 });
  });

  test('no known file are unknown', () => {
    expect(read({ 'tokenizer_config.json': { bos_token: '<s>' } })).toBeNull();
    expect(read({ 'tokenizer.model': 'IQ== 0\nIg== 1\n' })).toBeNull();
  });
});

describe('added tokens', () => {
  test('keep their flags', () => {
    const mask = { content: '<mask>', lstrip: true, rstrip: true, single_word: true, normalized: true, special: false };
    expect(read({ 'tokenizer.json': bpe({ vocab: ['a'], added: [mask] }) })?.added).toEqual([{ ...mask, id: 1 }]);
  });

  test('that the model has keep its id', () => {
    const vocabulary = read({ 'tokenizer.json': bpe({ vocab: ['a', '<s>', 'b'], added: ['<s>', '<t>'] }) });
    expect(vocabulary?.added.map(({ content, id }) => [content, id])).toEqual([
      ['<s>', 1],
      ['<t>', 3],
    ]);
  });

  test('get the next free ids, whatever the file says, as when it is loaded', () => {
    const added = [
      { content: '<x>', id: 10 },
      { content: '<y>', id: 3 },
    ];
    expect(tokensOf({ 'tokenizer.json': bpe({ vocab: ['a'], added }) })).toBe('a=0 <x>=1 <y>=2');
  });

  test('beside the tokenizer come after its own, with the later flags', () => {
    const files = {
      'tokenizer.json': bpe({ vocab: ['a'], added: ['<s>'] }),
      'tokenizer_config.json': {
        added_tokens_decoder: {
          10: { content: '<y>', special: false },
          9: { content: '<x>', special: true },
          1: { content: '<s>', special: true, lstrip: true },
        },
      },
    };
    expect(tokensOf(files)).toBe('a=0 <s>=1 <x>=2 <y>=3');
    expect(read(files)?.added[0]).toMatchObject({ content: '<s>', lstrip: true });
  });

  test('that only a name of a special token asks for are the last', () => {
    const files = {
      'tokenizer.json': bpe({ vocab: ['a'], added: ['<s>'] }),
      'tokenizer_config.json': {
        add_bos_token: true,
        bos_token: { __type: 'AddedToken', content: '<s>', lstrip: true },
        pad_token: '<pad>',
        extra_special_tokens: ['<|user|>'],
      },
      'special_tokens_map.json': { cls_token: '<cls>' },
    };
    expect(tokensOf(files)).toBe('a=0 <s>=1 <pad>=2 <|user|>=3 <cls>=4');
    expect(read(files)?.added[0]?.lstrip).toBe(false);
  });

  test('of a sentencepiece model are its control and user-defined pieces', () => {
    const model = sentencepieceModel([['<unk>', 2], ['<s>', 3], ['<0x0A>', 6], ['▁▁', 4], '▁a']);
    expect(read({ 'tokenizer.model': model })?.added.map(({ content, special }) => [content, special])).toEqual([
      ['<unk>', true],
      ['<s>', true],
      ['▁▁', false],
    ]);
  });
});

describe('a broken file', () => {
  const model = (vocab: unknown) => ({ 'tokenizer.json': { model: { vocab } } });
  test.each<[string, FileContents]>([
    ['that ends early', { 'tokenizer.json': JSON.stringify(bpe({ vocab: ['a', 'b'] })).slice(0, -9) }],
    ['that ends within a text', { 'tokenizer.json': '{"model":{"vocab":{"a' }],
    ['that is no JSON', { 'tokenizer.json': 'version https://git-lfs.github.com/spec/v1' }],
    ['that is a list', { 'tokenizer.json': '[]' }],
    ['without a model', { 'tokenizer.json': { added_tokens: [] } }],
    ['that names its model twice', { 'tokenizer.json': '{"model":{"vocab":{"a":0}},"model":{"vocab":{"b":0}}}' }],
    ['without a vocabulary', { 'tokenizer.json': { model: {} } }],
    ['with an empty vocabulary', model({})],
    ['with a text for a vocabulary', model('abc')],
    ['with a text for an id', model({ a: '0' })],
    ['with a negative id', model({ a: -1 })],
    ['with a fraction for an id', model({ a: 0.5 })],
    ['with an enormous id', model({ a: 4e9 })],
    ['with a number among its pieces', model([['a', 0], 3])],
    [
      'with an added token without content',
      { 'tokenizer.json': bpe({ vocab: ['a'], added: [{ content: undefined }] }) },
    ],
    ['with added tokens that are no list', { 'tokenizer.json': { ...bpe({ vocab: ['a'] }), added_tokens: {} } }],
    ['of brackets without end', { 'tokenizer.json': `{"model":{"vocab":${'['.repeat(200_000)}` }],
    [
      'of brackets in brackets',
      { 'tokenizer.json': `{"added_tokens":${'['.repeat(9000)}${']'.repeat(9000)},"model":{"vocab":{"a":0}}}` },
    ],
    ['that is no sentencepiece model', { 'tokenizer.model': Buffer.from([255, 255, 255, 255]) }],
    ['with a piece longer than the file', { 'tokenizer.model': Buffer.from([10, 200, 1, 10, 1, 97]) }],
    ['with a piece without text', { 'tokenizer.model': Buffer.from([10, 2, 24, 1]) }],
    ['with ids that are no numbers', { 'vocab.json': { a: [] } }],
  ])('%s is a fault with the name of the file', async (_, files) => {
    const error = await failureOf(() => read(files));
    expect(error.code).toBe('bad-tokenizer');
    expect(error.message).toContain(`model/${Object.keys(files)[0]}`);
  });

  test('does not give a token of every object a name from its prototype', () => {
    expect(tokensOf({ 'tokenizer.json': '{"model":{"vocab":{"__proto__":0,"constructor":1}}}' })).toBe(
      '__proto__=0 constructor=1',
    );
  });
});
