/** More than any vocabulary has; ids beyond it would only make tables huge. */
export const maximumTokens = 8_000_000;

/** Why `id` cannot be the id of a token, or undefined. */
export const idFault = (token: string, id: unknown): string | undefined =>
  Number.isInteger(id) && (id as number) >= 0 && (id as number) < maximumTokens
    ? undefined
    : `the id of ${JSON.stringify(token.slice(0, 40))} is ${JSON.stringify(id)?.slice(0, 40)}`;

export type ModelTokens = {
  readonly tokens: Map<string, number>;
  /** Entries of the vocabulary: where the ids of added tokens begin. */
  readonly count: number;
};

export type ReadTokens = ModelTokens | { readonly fault: string };

/** Ids by token from an object such as vocab.json or the vocabulary of a BPE, WordPiece or WordLevel model. */
export const tokensOfObject = (vocabulary: Record<string, unknown>): ReadTokens => {
  const tokens = new Map<string, number>();
  for (const token of Object.keys(vocabulary)) {
    const id = vocabulary[token];
    const fault = idFault(token, id);
    if (fault !== undefined) return { fault };
    tokens.set(token, id as number);
  }
  return { tokens, count: tokens.size };
};

/** Ids by token from a list in the order of ids: `[piece, score]` as in a Unigram model, or bare tokens. */
export const tokensOfList = (vocabulary: readonly unknown[]): ReadTokens => {
  if (vocabulary.length > maximumTokens) return { fault: `it has ${vocabulary.length} tokens` };
  const tokens = new Map<string, number>();
  for (const [id, entry] of vocabulary.entries()) {
    const token: unknown = Array.isArray(entry) ? entry[0] : entry;
    if (typeof token !== 'string') return { fault: `entry ${id} of its vocabulary is not a token` };
    tokens.set(token, id);
  }
  return { tokens, count: vocabulary.length };
};
