import { describe, expect, test } from 'vitest';
import { planTokenizer } from '../../src/tokenizer/plan-tokenizer.js';
import type { TokenizerRequest, TokenRequest, TokenSource } from '../../src/tokenizer/request.js';
import { isIdentity } from '../../src/tokenizer/row-map.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import { faultAt, referenceTo, tinyModel } from './folders.js';

const plan = (
  models: readonly TokenizerModel[],
  request: Partial<TokenizerRequest> = {},
  base = 0,
): ReturnType<typeof planTokenizer> =>
  planTokenizer({
    request: { source: 'union', tokens: [], padToMultipleOf: null, path: [], ...request },
    models,
    base,
    faultAt,
  });

const token = (text: string, source: TokenSource | null = null, force = false): TokenRequest => ({
  token: text,
  source,
  force,
  path: ['tokenizer', 'tokens', text],
});

const tokensOf = (result: ReturnType<typeof planTokenizer>): string[] => [
  ...(result.plan?.vocabulary.tokens.keys() ?? []),
];
const codesOf = (result: ReturnType<typeof planTokenizer>): string[] => result.faults.map(({ code }) => code);

/** A model that has a tensor of five rows. */
const held = (model: number) => ({ model, rows: 5 });

const base = tinyModel('base', { vocab: ['a', 'b'], added: ['<s>'] });
const chat = tinyModel('chat', { vocab: ['b', 'c', 'a', 'd'], added: ['<s>', { content: '<im>', lstrip: true }] });
const third = tinyModel('third', { vocab: ['d', 'e'], added: [{ content: '<im>', lstrip: false }, 'c'] });

describe('the union of vocabularies', () => {
  test('keeps the ids of the base, then ordinary tokens model by model, then added ones', () => {
    expect(tokensOf(plan([base, chat, third]))).toEqual(['a', 'b', '<s>', 'c', 'd', 'e', '<im>']);
  });

  test('begins with the base wherever it stands', () => {
    expect(tokensOf(plan([chat, base, third], {}, 1))).toEqual(['a', 'b', '<s>', 'c', 'd', 'e', '<im>']);
  });

  test('adds ordinary tokens as plain ones, added ones as the first model has them', () => {
    const added = new Map(plan([base, chat, third]).plan?.vocabulary.added.map((entry) => [entry.content, entry]));
    expect(added.get('d')).toMatchObject({ special: false, normalized: true, lstrip: false });
    expect(added.get('<im>')).toMatchObject({ special: true, lstrip: true });
    expect(added.get('c')).toMatchObject({ special: true, normalized: false });
  });

  test('adds an ordinary token of the base where another model adds it', () => {
    const { plan: made } = plan([tinyModel('old', { vocab: ['a', '<im>'] }), chat]);
    expect(made?.vocabulary.added.find(({ content }) => content === '<im>')).toMatchObject({ id: 1, lstrip: true });
  });

  test('says whose flags are not kept', () => {
    const { faults } = plan([base, chat, third]);
    expect(faults).toMatchObject([{ code: 'token-flags-differ', severity: 'warning' }]);
    expect(faults[0]?.message).toMatch(/third.*<im>/);
  });

  test('leaves out tokens of a model beyond its matrix', () => {
    expect(tokensOf(plan([base, { ...chat, rows: 2 }]))).toEqual(['a', 'b', '<s>', 'c']);
  });

  test('takes a model without a tokenizer for one like the base', () => {
    const bare: TokenizerModel = {
      name: 'bare',
      reference: referenceTo('bare'),
      folder: null,
      vocabulary: null,
      rows: 3,
      path: [],
    };
    const result = plan([base, bare, chat]);
    expect(codesOf(result)).toEqual(['tokenizer-assumed']);
    expect(result.plan?.rowMaps[1]).toMatchObject({
      runs: [{ to: 0, source: 0, count: 3 }],
      fills: [3, 4, 5].map((to) => ({ to, count: 1 })),
    });
  });
});

describe('a row', () => {
  const rowOf = (result: ReturnType<typeof planTokenizer>, model: number, text: string): unknown => {
    const id = result.plan?.vocabulary.tokens.get(text) ?? -1;
    const map = result.plan?.rowMaps[model];
    const run = map?.runs.find(({ to, count }) => id >= to && id < to + count);
    if (run !== undefined) return run.source + id - run.to;
    const fill = map?.fills.find(({ to, count }) => id >= to && id < to + count);
    return fill?.sources.map(({ model: other, row }) => `${other}:${row + id - fill.to}`).join(' ');
  };

  test.each<[string, TokenRequest[], number, string, unknown]>([
    ['that the model has is its own', [], 1, 'a', 2],
    ['that one other model has comes from there', [], 0, 'e', '2:1'],
    ['that two others have is their mean', [], 0, 'd', '1:3 2:0'],
    ['that the base has comes from the base', [], 2, 'a', '0:0'],
    [
      'with a model for its source comes from there',
      [token('d', { kind: 'model', reference: referenceTo('third') })],
      0,
      'd',
      '2:0',
    ],
    [
      'with another token for its source comes from there',
      [token('d', { kind: 'model-token', reference: referenceTo('chat'), token: 'c' })],
      0,
      'd',
      '1:1',
    ],
    [
      'with an id for its source comes from there',
      [token('d', { kind: 'model-token-id', reference: referenceTo('chat'), id: 5 })],
      0,
      'd',
      '1:5',
    ],
    ['with zero for its source is zeros', [token('d', { kind: 'zero' })], 0, 'd', ''],
    ['with a source is still its own where the model has it', [token('d', { kind: 'zero' })], 1, 'd', 3],
    ['that is forced replaces its own', [token('d', { kind: 'zero' }, true)], 1, 'd', ''],
    ['that is forced without a source comes from the base', [token('a', null, true)], 1, 'a', '0:0'],
    [
      'of a new token comes from its source',
      [token('<new>', { kind: 'model-token', reference: referenceTo('base'), token: 'b' })],
      1,
      '<new>',
      '0:1',
    ],
    [
      'of a new token may be another of the same model',
      [token('<new>', { kind: 'model-token', reference: referenceTo('base'), token: 'b' })],
      0,
      '<new>',
      1,
    ],
  ])('%s', (_, tokens, model, text, expected) => {
    expect(rowOf(plan([base, chat, third], { tokens }), model, text)).toEqual(expected);
  });

  test('that no model has is zeros, with a warning', () => {
    const result = plan([base], { tokens: [token('<new>')] });
    expect(rowOf(result, 0, '<new>')).toBe('');
    expect(codesOf(result)).toEqual(['token-without-source']);
  });

  test('of a tensor that the base lacks comes from the models that have it', () => {
    const [, fromThird] = plan([base, chat, third]).plan?.rowMapsAmong([1, 2].map(held)) ?? [];
    expect(fromThird?.fills.filter(({ to }) => to < 3)).toEqual(
      [0, 1, 2].map((to, index) => ({ to, count: 1, sources: [{ model: 1, row: [2, 0, 4][index] }] })),
    );
  });
});

describe('the tokenizer of a named model', () => {
  test('decides ids and size', () => {
    const result = plan([base, chat], { source: referenceTo('chat') });
    expect(tokensOf(result)).toEqual(['b', 'c', 'a', 'd', '<s>', '<im>']);
    expect(isIdentity(result.plan?.rowMaps[1] ?? { rows: 0, runs: [], fills: [], padding: 0 }, 6)).toBe(true);
  });

  test('tells the new ids of what the other models call theirs', () => {
    const { plan: made } = plan([base, chat], { source: referenceTo('chat') });
    expect([0, 2, 7].map((id) => made?.outputId(0, id))).toEqual([2, 4, null]);
  });

  test('may be of a model that is not merged', () => {
    const result = plan([base, { ...chat, rows: null }], { source: referenceTo('chat') });
    expect(result.plan?.rowMaps[1]).toBeNull();
    expect(result.plan?.rowMaps[0]).toMatchObject({
      rows: 6,
      fills: [
        { to: 1, count: 1, sources: [] },
        { to: 3, count: 1, sources: [] },
        { to: 5, count: 1, sources: [] },
      ],
    });
  });
});

describe('the base as the source', () => {
  test('takes a new token, with the flags that a model gives it', () => {
    const result = plan([base, chat], { source: 'base', tokens: [token('<im>')] });
    expect(tokensOf(result)).toEqual(['a', 'b', '<s>', '<im>']);
    expect(result.plan?.vocabulary.added.at(-1)).toMatchObject({ content: '<im>', id: 3, lstrip: true });
    expect(result.plan?.rowMaps[0]?.fills).toEqual([{ to: 3, count: 1, sources: [{ model: 1, row: 5 }] }]);
  });

  test('copies ids without a token from the base', () => {
    const gapped = tinyModel('gapped', { vocab: { a: 0, b: 3 } }, 5);
    const other = tinyModel('other', { vocab: ['b', 'a'] });
    const result = plan([gapped, other], { source: 'base' });
    expect(result.plan?.rowMaps[0]).toEqual({ rows: 5, runs: [{ to: 0, source: 0, count: 5 }], fills: [], padding: 0 });
    expect(result.plan?.rowMaps[1]?.fills.map(({ to, count, sources }) => [to, count, sources[0]?.row])).toEqual([
      [1, 2, 1],
      [4, 1, 4],
    ]);
  });

  test.each<[number, number, number]>([
    [8, 8, 5],
    [3, 3, 0],
    [1, 3, 0],
    [2, 4, 1],
  ])('is padded to a multiple of %d: %d rows, %d of them padding', (multiple, rows, padding) => {
    const result = plan([{ ...base, rows: 7 }], { source: 'base', padToMultipleOf: multiple });
    expect(result.plan).toMatchObject({ vocabSize: rows, rowMaps: [{ rows, padding }] });
  });
});

describe('a request that cannot be met is a fault:', () => {
  test.each<[string, Partial<TokenizerRequest>, string, RegExp]>([
    ['a tokenizer of no model', { source: referenceTo('elsewhere') }, 'tokenizer-unknown', /elsewhere/],
    [
      'a token of no model',
      { tokens: [token('x', { kind: 'model', reference: referenceTo('elsewhere') })] },
      'token-source-unknown',
      /elsewhere/,
    ],
    [
      'a model without the token',
      { tokens: [token('c', { kind: 'model', reference: referenceTo('base') })] },
      'token-not-in-model',
      /base.*`c`/,
    ],
    [
      'a model without the other token',
      { tokens: [token('x', { kind: 'model-token', reference: referenceTo('base'), token: 'y' })] },
      'token-not-in-model',
      /base.*`y`/,
    ],
    [
      'an id beyond the matrix',
      { tokens: [token('x', { kind: 'model-token-id', reference: referenceTo('base'), id: 3 })] },
      'token-id-out-of-range',
      /3 rows.*3/,
    ],
  ])('%s', (_, request, code, message) => {
    const { plan: made, faults } = plan([base, chat], request);
    expect(made).toBeNull();
    const found = faults.filter(({ severity }) => severity === 'error');
    expect(found.map((fault) => fault.code)).toEqual([code]);
    expect(found[0]?.message).toMatch(message);
  });

  test('a model without a tokenizer as its source', () => {
    expect(codesOf(plan([{ ...base, vocabulary: null }], { source: 'base' }))).toEqual(['tokenizer-missing']);
  });

  test('new tokens where ids have gaps', () => {
    const gapped = tinyModel('gapped', { vocab: { a: 0, b: 3 } });
    expect(codesOf(plan([gapped, chat]))).toContain('tokenizer-gaps');
  });
});
