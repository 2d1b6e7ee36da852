import { describe, expect, test } from 'vitest';
import { planTokenizer } from '../../src/tokenizer/plan-tokenizer.js';
import type { TokenRequest, TokenSource } from '../../src/tokenizer/request.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import { applyRowMap, type Matrix } from './apply-row-map.js';
import { faultAt, referenceTo, tinyModel } from './folders.js';

/** Numbers in [0, 1) that are the same in every run (mulberry32). */
const numbers = (seed: number): (() => number) => {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
};

const alphabet = [...'abcdefghijkl'].map((letter) => `tok-${letter}`);

const width = 2;

type Case = {
  readonly models: readonly TokenizerModel[];
  readonly matrices: readonly Matrix[];
  readonly source: 'union' | 'base' | number;
  readonly base: number;
  readonly tokens: readonly TokenRequest[];
  readonly multiple: number | null;
};

const randomCase = (seed: number): Case => {
  const next = numbers(seed);
  const below = (limit: number): number => Math.floor(next() * limit);
  const shuffled = (): string[] =>
    alphabet
      .map((token) => ({ token, key: next() }))
      .sort((a, b) => a.key - b.key)
      .map(({ token }) => token);
  const models = Array.from({ length: 1 + below(3) }, (_, index) => {
    const chosen = shuffled().slice(0, 2 + below(8));
    const ordinary = 1 + below(chosen.length - 1);
    const tokens = { vocab: chosen.slice(0, ordinary), added: chosen.slice(ordinary) };
    // Fewer rows than tokens, as many, or padded.
    return tinyModel(`m${index}`, tokens, Math.max(1, chosen.length + below(5) - 1));
  });
  const matrices = models.map(({ rows }) =>
    Array.from({ length: rows ?? 0 }, () => Array.from({ length: width }, () => Math.round(next() * 1000))),
  );
  const sources: (TokenSource | null)[] = models.flatMap(({ name, vocabulary, rows }) => [
    { kind: 'model-token-id', reference: referenceTo(name), id: below(rows ?? 1) },
    ...[...(vocabulary?.tokens ?? [])]
      .filter(([, id]) => id < (rows ?? 0))
      .slice(0, 1)
      .map(([token]): TokenSource => ({ kind: 'model-token', reference: referenceTo(name), token })),
  ]);
  sources.push({ kind: 'zero' }, null);
  const tokens = [...shuffled().slice(0, below(3)), ...(next() < 0.5 ? ['new'] : [])].map(
    (token): TokenRequest => ({ token, source: sources[below(sources.length)] ?? null, force: next() < 0.4, path: [] }),
  );
  const kind = below(3);
  return {
    models,
    matrices,
    source: kind === 0 ? 'union' : kind === 1 ? 'base' : below(models.length),
    base: below(models.length),
    tokens,
    multiple: next() < 0.4 ? 1 + below(7) : null,
  };
};

/** Row of `token` in a model, looked up in the vocabulary itself. */
const ownRow = (test: Case, model: number, token: string): readonly number[] | undefined => {
  const id = test.models[model]?.vocabulary?.tokens.get(token);
  return id === undefined ? undefined : test.matrices[model]?.[id];
};

const average = (rows: readonly (readonly number[])[]): number[] =>
  Array.from({ length: width }, (_, column) => rows.reduce((sum, row) => sum + (row[column] ?? 0), 0) / rows.length);

/** What the matrix of `model` becomes, from the rules for one token at a time. */
const expectedRow = (test: Case, model: number, token: string): readonly number[] => {
  const asked = test.tokens.find((request) => request.token === token);
  const own = ownRow(test, model, token);
  if (own !== undefined && asked?.force !== true) return own;
  const source = asked?.source ?? null;
  if (source?.kind === 'zero') return [0, 0];
  if (source !== null) {
    const from = test.models.findIndex(({ name }) => name === source.reference.text);
    const row =
      source.kind === 'model-token-id'
        ? test.matrices[from]?.[source.id]
        : ownRow(test, from, source.kind === 'model-token' ? source.token : token);
    return row ?? [Number.NaN];
  }
  const owners = test.models.flatMap((_, index) => {
    const row = ownRow(test, index, token);
    return row === undefined ? [] : [row];
  });
  if (owners.length === 0) return [0, 0];
  return owners.length === 1 ? (owners[0] ?? []) : (ownRow(test, test.base, token) ?? average(owners));
};

/** The tokens of the result in the order of their ids, from the models' lists. */
const expectedTokens = ({ models, source, base, tokens }: Case): string[] => {
  const inOrder = ({ vocabulary }: TokenizerModel): string[] =>
    [...(vocabulary?.tokens ?? [])].sort(([, a], [, b]) => a - b).map(([token]) => token);
  const withRow = (model: TokenizerModel): string[] => inOrder(model).slice(0, model.rows ?? 0);
  const result: string[] = [];
  const add = (list: readonly string[]): void => {
    for (const token of list) if (!result.includes(token)) result.push(token);
  };
  const donor = models[typeof source === 'number' ? source : base] as TokenizerModel;
  add(typeof source === 'number' ? inOrder(donor) : withRow(donor));
  if (source === 'union') {
    const isAdded = (model: TokenizerModel, token: string) =>
      model.vocabulary?.added.some(({ content }) => content === token);
    for (const model of models) add(withRow(model).filter((token) => !isAdded(model, token)));
    for (const model of models) add(withRow(model));
  }
  add(tokens.map(({ token }) => token));
  return result;
};

describe('a row map, applied to random vocabularies,', () => {
  const seeds = Array.from({ length: 400 }, (_, index) => index + 1);

  test('gives every token the row that the rules give it', () => {
    let padded = 0;
    for (const seed of seeds) {
      const random = randomCase(seed);
      const { models, matrices, source, base, tokens: asked, multiple } = random;
      const written = typeof source === 'number' ? referenceTo(`m${source}`) : source;
      const request = { source: written, tokens: asked, padToMultipleOf: multiple, path: [] };
      const { plan } = planTokenizer({ request, models, base, faultAt });
      const tokens = expectedTokens(random);
      expect([...(plan?.vocabulary.tokens ?? [])], `seed ${seed}`).toEqual(tokens.map((token, id) => [token, id]));

      const donorRows = matrices[typeof source === 'number' ? source : base] ?? [];
      const kept = multiple === null ? donorRows.slice(tokens.length) : [];
      padded += kept.length;
      for (const [model, map] of (plan?.rowMaps ?? []).entries()) {
        const rows = [...tokens.map((token) => expectedRow(random, model, token)), ...kept];
        const missing = multiple === null ? 0 : (multiple - (rows.length % multiple)) % multiple;
        const expected = [...rows, ...Array.from({ length: missing }, () => average(rows))];
        const actual = map === null ? [] : applyRowMap(map, model, matrices);
        expect(actual.length, `seed ${seed}`).toBe(expected.length);
        expect(plan?.vocabSize).toBe(expected.length);
        for (const [id, row] of expected.entries()) {
          for (const [column, value] of row.entries())
            expect(actual[id]?.[column], `seed ${seed}, row ${id}`).toBeCloseTo(value, 9);
        }
      }
    }
    expect(padded).toBeGreaterThan(50);
  });

  test('has runs that cannot be joined', () => {
    for (const seed of seeds) {
      const { models, base } = randomCase(seed);
      const request = { source: 'union' as const, tokens: [], padToMultipleOf: null, path: [] };
      const { plan } = planTokenizer({ request, models, base, faultAt });
      for (const map of plan?.rowMaps ?? []) {
        for (const [index, run] of (map?.runs ?? []).entries()) {
          const before = map?.runs[index - 1];
          const joins = before && before.to + before.count === run.to && before.source + before.count === run.source;
          expect(joins ?? false, `seed ${seed}`).toBe(false);
        }
      }
    }
  });
});
