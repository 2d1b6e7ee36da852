import { describe, expect, test } from 'vitest';
import { compareVocabularies, differenceFaults } from '../../src/tokenizer/compare-vocabularies.js';
import { faultAt, tinyModel } from './folders.js';

const named = (name: string, vocab: readonly string[], rows = vocab.length) => {
  const { vocabulary } = tinyModel(name, { vocab });
  return { name, vocabulary, rows, path: ['models', name] };
};

const base = named('base', ['a', 'b', 'c']);

describe('compared with the models before it, a model', () => {
  test('with the same tokens agrees', () => {
    expect(compareVocabularies([base, named('other', ['a', 'b', 'c'])])[1]).toEqual({
      model: 1,
      against: null,
      different: [],
      extra: [],
      beyond: [],
      padding: 0,
    });
  });

  test('with more rows is padded', () => {
    expect(compareVocabularies([base, named('other', ['a', 'b', 'c'], 8)])[1]).toMatchObject({
      against: null,
      padding: 5,
    });
  });

  test('with more tokens has extra ones', () => {
    const [, difference] = compareVocabularies([base, named('other', ['a', 'b', 'c', 'd'])]);
    expect(difference).toMatchObject({ against: null, different: [], extra: [{ id: 3, token: 'd' }] });
  });

  test('with other tokens disagrees', () => {
    const [, difference] = compareVocabularies([base, named('other', ['a', 'x', 'y'])]);
    expect(difference).toMatchObject({
      against: 0,
      different: [
        { id: 1, token: 'b', other: 'x' },
        { id: 2, token: 'c', other: 'y' },
      ],
    });
  });

  test('with tokens beyond its matrix agrees in the others', () => {
    const [, difference] = compareVocabularies([base, named('other', ['a', 'b', 'c', 'd'], 3)]);
    expect(difference).toMatchObject({ against: null, extra: [], beyond: [{ id: 3, token: 'd' }] });
  });

  test('may disagree with another than the first', () => {
    const models = [base, named('one', ['a', 'b', 'c', 'x']), named('two', ['a', 'b', 'c', 'y'])];
    expect(compareVocabularies(models)[2]).toMatchObject({
      against: 1,
      different: [{ id: 3, token: 'x', other: 'y' }],
    });
  });

  test('without a tokenizer is left out', () => {
    const models = [base, { name: 'bare', vocabulary: null, rows: 3, path: [] }, named('other', ['b'])];
    expect(compareVocabularies(models).map(({ model }) => model)).toEqual([0, 2]);
  });
});

describe('a mismatch', () => {
  test('names the first five tokens of each model, and the ways out', () => {
    const letters = [...'abcdefg'];
    const models = [named('base', letters), named('other', [...letters].reverse())];
    const [fault] = differenceFaults(models, compareVocabularies(models), faultAt);
    expect(fault).toMatchObject({ code: 'vocabulary-mismatch', exitCode: 6, file: 'models.other' });
    expect(fault?.message).toBe(
      'other and base mean different tokens by 6 ids: 0 is `a` there and `g` here, 1 is `b` there and `f` here, 2 is `c` there and `e` here, 4 is `e` there and `c` here, 5 is `f` there and `b` here, and 1 more',
    );
    expect(fault?.hint).toMatch(/union.*--on-mismatch skip.*--unsafe-truncate-embeddings/);
  });

  test('shows control characters of a token', () => {
    const models = [base, named('other', ['a', 'b', '\u001b[31m'])];
    const [fault] = differenceFaults(models, compareVocabularies(models), faultAt);
    expect(fault?.message).toContain('`\\u001b[31m`');
  });
});
