import { describe, expect, test } from 'vitest';
import { alignByDefault } from '../../src/tokenizer/align-by-default.js';
import { planTokenizer } from '../../src/tokenizer/plan-tokenizer.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import { applyRowMap } from './apply-row-map.js';
import { faultAt, referenceTo, tinyModel } from './folders.js';

const words = Array.from({ length: 320 }, (_, id) => `word${id}`);
const tools = Array.from({ length: 8 }, (_, index) => `<tool${index}>`);

const aligned = (models: readonly TokenizerModel[], base = 0) =>
  alignByDefault({ models, base, faultAt, path: ['models'] });

/** A matrix whose rows say whose they are and which. */
const matrixOf = (owner: number, rows: number | null) => Array.from({ length: rows ?? 0 }, (_, row) => [owner, row]);

const applied = (plan: ReturnType<typeof aligned>['plan'], models: readonly TokenizerModel[]) => {
  const matrices = models.map(({ rows }, owner) => matrixOf(owner, rows));
  return (plan?.rowMaps ?? []).map((map, model) => (map === null ? [] : applyRowMap(map, model, matrices)));
};

describe('without a choice of tokenizer,', () => {
  const extended = tinyModel('extended', { vocab: words, added: tools });
  const plain = tinyModel('plain', { vocab: words });

  test.each([
    ['the base', [extended, plain], 0],
    ['another model', [plain, extended], 0],
    ['the base, listed last', [plain, extended], 1],
  ] as const)('added tokens that only %s has are taken from there', (_, models, base) => {
    const { plan, faults } = aligned(models, base);
    const owner = models.indexOf(extended);
    expect(faults).toEqual([]);
    expect(plan?.vocabSize).toBe(328);
    expect(plan?.vocabulary.tokens).toEqual(extended.vocabulary?.tokens);
    for (const [model, rows] of applied(plan, models).entries()) {
      expect(rows.slice(0, 320)).toEqual(matrixOf(model, 320));
      expect(rows.slice(320)).toEqual(matrixOf(owner, 328).slice(320));
    }
  });

  test('models that agree need nothing', () => {
    expect(aligned([plain, tinyModel('other', { vocab: words })])).toEqual({ plan: null, faults: [] });
  });

  test('equally many rows with a token more in one of them take its row', () => {
    const padded = { ...plain, rows: 328 };
    const { plan } = aligned([padded, extended]);
    const [fill] = plan?.rowMaps[0]?.fills ?? [];
    expect(fill).toEqual({ to: 320, count: tools.length, sources: [{ model: 1, row: 320 }] });
    expect(plan?.rowMaps[0]?.fills).toHaveLength(1);
  });

  test('more padding in one of them changes no token', () => {
    const { plan, faults } = aligned([{ ...plain, rows: 384 }, plain]);
    expect(faults).toEqual([]);
    expect(plan).toMatchObject({ vocabSize: 384, files: [{ name: 'tokenizer.json', text: null }] });
  });

  test('different tokens are an error', () => {
    const { plan, faults } = aligned([plain, tinyModel('other', { vocab: [...words].reverse() })]);
    expect(plan).toBeNull();
    expect(faults).toMatchObject([{ code: 'vocabulary-mismatch', severity: 'error', exitCode: 6 }]);
  });
});

describe('with the tokenizer of the base,', () => {
  const fromBase = (models: readonly TokenizerModel[], source: 'base' | ReturnType<typeof referenceTo> = 'base') =>
    planTokenizer({ request: { source, tokens: [], padToMultipleOf: null, path: [] }, models, base: 0, faultAt });

  test('padded rows stay, and are those of the base', () => {
    const base = tinyModel('base', { vocab: words, added: tools }, 384);
    const tuned = tinyModel('tuned', { vocab: words, added: tools }, 384);
    const cut = tinyModel('cut', { vocab: words, added: tools }, 328);
    const models = [base, tuned, cut];
    const { plan, faults } = fromBase(models);
    expect(faults).toEqual([]);
    expect(plan?.vocabSize).toBe(384);
    for (const [model, rows] of applied(plan, models).entries()) {
      expect(rows.slice(0, 328)).toEqual(matrixOf(model, 328));
      expect(rows.slice(328)).toEqual(matrixOf(0, 384).slice(328));
    }
  });

  test('its tokens beyond the matrix are left out, with a warning', () => {
    const base = tinyModel('base', { vocab: words, added: ['<a>', '<b>'] }, 320);
    const { plan, faults } = fromBase([base, tinyModel('other', { vocab: words })]);
    expect(faults).toMatchObject([{ code: 'token-without-row', severity: 'warning' }]);
    expect(faults[0]?.message).toMatch(/2 tokens beyond the 320 rows.*`<a>` \(320\)/);
    expect(plan?.vocabSize).toBe(320);
    expect(plan?.vocabulary.size).toBe(320);
  });

  test('they are kept with rows of zeros where the model is named', () => {
    const base = tinyModel('base', { vocab: words, added: ['<a>', '<b>'] }, 320);
    const { plan, faults } = fromBase([base, tinyModel('other', { vocab: words })], referenceTo('base'));
    expect(faults.map(({ code }) => code)).toEqual(['token-without-row', 'token-without-source']);
    expect(plan).toMatchObject({
      vocabSize: 322,
      rowMaps: [
        {
          fills: [{ to: 320, count: 2, sources: [] }],
        },
        {},
      ],
    });
  });
});
