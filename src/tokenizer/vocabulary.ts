/** A token that is matched in the text as it stands, before the model of the tokenizer sees the rest. */
export type AddedToken = {
  readonly content: string;
  readonly id: number;
  /** Left out of decoded text on demand, such as `<s>`. */
  readonly special: boolean;
  /** Matched in the normalised text instead of the original. */
  readonly normalized: boolean;
  readonly lstrip: boolean;
  readonly rstrip: boolean;
  readonly single_word: boolean;
};

/** What a tokenizer's ids mean. */
export type Vocabulary = {
  /** Ids by the token's text, ordinary and added tokens alike. */
  readonly tokens: ReadonlyMap<string, number>;
  /** In ascending order of ids. */
  readonly added: readonly AddedToken[];
  /** The largest id + 1. */
  readonly size: number;
  /** The id that one more added token would get; other than `size` only where the ids of the model have gaps. */
  readonly next: number;
  /** Name of the file that the tokens come from. */
  readonly source: string;
};

/** Tokens by their ids; where two tokens share an id, the first. */
export const tokensById = ({ tokens, size }: Vocabulary): (string | undefined)[] => {
  const byId = new Array<string | undefined>(size).fill(undefined);
  for (const [token, id] of tokens) byId[id] ??= token;
  return byId;
};

/** An added token's flags, without the id that a tokenizer gives it. */
export type AddedTokenFlags = Omit<AddedToken, 'id'>;

/** The flags of a token that is added as plain text. */
export const plainToken = (content: string): AddedTokenFlags => ({
  content,
  special: false,
  normalized: true,
  lstrip: false,
  rstrip: false,
  single_word: false,
});
