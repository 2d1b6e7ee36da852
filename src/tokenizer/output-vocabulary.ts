import { exitCodes } from '../errors.js';
import type { FaultDescription } from '../fault.js';
import { plural, printable } from '../format.js';
import type { TokenizerRequest } from './request.js';
import type { TokenizerModel } from './tokenizer-model.js';
import { type AddedToken, type AddedTokenFlags, plainToken, type Vocabulary } from './vocabulary.js';

/** A vocabulary that grows at its end. */
type Draft = { readonly tokens: Map<string, number>; readonly added: Map<string, AddedToken>; next: number };

/** A copy of a vocabulary without the tokens from id `limit` on. */
const draftOf = (vocabulary: Vocabulary, limit: number): Draft => ({
  tokens: new Map(vocabulary.size > limit ? [...vocabulary.tokens].filter(([, id]) => id < limit) : vocabulary.tokens),
  added: new Map(vocabulary.added.filter(({ id }) => id < limit).map((token) => [token.content, token])),
  next: Math.min(vocabulary.next, limit),
});

const append = (draft: Draft, token: AddedTokenFlags): void => {
  draft.tokens.set(token.content, draft.next);
  draft.added.set(token.content, { ...token, id: draft.next });
  draft.next += 1;
};

/** Tokens of a model that have a row, ascending by id. */
const tokensWithRow = ({ vocabulary, rows }: TokenizerModel): string[] =>
  [...(vocabulary?.tokens ?? [])]
    .filter(([, id]) => id < (rows ?? id + 1))
    .sort(([, a], [, b]) => a - b)
    .map(([token]) => token);

const addedTokens = ({ vocabulary }: TokenizerModel): Map<string, AddedToken> =>
  new Map(vocabulary?.added.map((token) => [token.content, token]));

const flags = ['special', 'normalized', 'lstrip', 'rstrip', 'single_word'] as const;

const sameFlags = (a: AddedTokenFlags, b: AddedTokenFlags): boolean => flags.every((flag) => a[flag] === b[flag]);

/**
 * Appends what the models have beyond the draft: first, model by model, their ordinary tokens, as added tokens without
 * flags; then their added tokens with the flags of the first model that adds them, also where the draft had the token
 * as an ordinary one.
 */
const unite = (draft: Draft, models: readonly TokenizerModel[]): FaultDescription[] => {
  const sources = models.map((model) => ({ model, tokens: tokensWithRow(model), added: addedTokens(model) }));
  const plain = new Set<string>();
  for (const { tokens, added } of sources) {
    for (const token of tokens) {
      if (draft.tokens.has(token) || added.has(token)) continue;
      append(draft, plainToken(token));
      plain.add(token);
    }
  }
  return sources.flatMap(({ model, tokens, added }): FaultDescription[] => {
    const conflicts: string[] = [];
    for (const token of tokens) {
      const wanted = added.get(token);
      if (wanted === undefined) continue;
      const id = draft.tokens.get(token);
      const present = draft.added.get(token);
      if (id === undefined) append(draft, wanted);
      else if (present === undefined || plain.delete(token)) draft.added.set(token, { ...wanted, id });
      else if (!sameFlags(present, wanted)) conflicts.push(token);
    }
    return conflicts.length === 0 ? [] : [flagsDiffer(model.name, conflicts)];
  });
};

/** The flags of a token that the recipe adds: those of the first model that adds it, too. */
const flagsOf = (token: string, models: readonly TokenizerModel[]): AddedTokenFlags =>
  models.flatMap((model) => addedTokens(model).get(token) ?? [])[0] ?? plainToken(token);

/**
 * The tokens of the result: those of the donor, which keep their ids, then what is united with them, then those that
 * the recipe names. As the base, the donor loses the tokens that have no row; a model that is named keeps them.
 */
export const outputVocabulary = (
  { source, tokens }: Pick<TokenizerRequest, 'source' | 'tokens'>,
  donor: {
    readonly index: number;
    readonly name: string;
    readonly rows: number | null;
    readonly vocabulary: Vocabulary;
  },
  models: readonly TokenizerModel[],
): { vocabulary: Vocabulary; faults: FaultDescription[] } => {
  const { vocabulary: before, rows, name } = donor;
  const draft = draftOf(before, typeof source === 'string' && rows !== null ? rows : Number.POSITIVE_INFINITY);
  const start = draft.next;
  const others = models.filter((_, index) => index !== donor.index);
  const faults = source === 'union' ? unite(draft, others) : [];
  for (const { token } of tokens) if (!draft.tokens.has(token)) append(draft, flagsOf(token, models));
  if (draft.next > start && before.next !== before.size) faults.push(hasGaps(name));
  let size = 0;
  for (const id of draft.tokens.values()) size = Math.max(size, id + 1);
  const added = [...draft.added.values()].sort((a, b) => a.id - b.id);
  return { vocabulary: { tokens: draft.tokens, added, size, next: draft.next, source: before.source }, faults };
};

const flagsDiffer = (name: string, tokens: readonly string[]): FaultDescription => ({
  severity: 'warning',
  code: 'token-flags-differ',
  message: `${name} adds ${plural(tokens.length, 'token')} with other flags than a model before it, whose flags are kept: ${tokens.slice(0, 5).map(printable).join(', ')}`,
});

const hasGaps = (name: string): FaultDescription => ({
  code: 'tokenizer-gaps',
  message: `the tokens of ${name} cannot be extended: their ids have gaps, which new tokens would fall into`,
  hint: 'choose another model as the source of the tokenizer',
  exitCode: exitCodes.incompatible,
});
