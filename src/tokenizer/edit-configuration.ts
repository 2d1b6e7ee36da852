import type { VocabularyEdit } from './edit-tokenizer-json.js';
import { specialTokenLists } from './special-tokens.js';
import { isObject } from './tokenizer-files.js';

type Json = Readonly<Record<string, unknown>>;

const contentOf = (value: unknown): unknown => (isObject(value) ? value.content : value);

/** A configuration without the names of special tokens that are gone: the library would add them again, at the end. */
export const withoutTokens = (config: Json, removed: ReadonlySet<string>): Record<string, unknown> => {
  const isGone = (value: unknown): boolean => removed.has(String(contentOf(value)));
  const kept = Object.entries(config).filter(([key, value]) => !(key.endsWith('_token') && isGone(value)));
  return Object.fromEntries(
    kept.map(([key, value]): [string, unknown] => {
      if (!specialTokenLists.includes(key)) return [key, value];
      if (Array.isArray(value)) return [key, value.filter((token) => !isGone(token))];
      if (!isObject(value)) return [key, value];
      return [key, Object.fromEntries(Object.entries(value).filter(([, token]) => !isGone(token)))];
    }),
  );
};

/**
 * tokenizer_config.json after an edit. Its table of added tokens is written whole, but not begun: where there is none,
 * the library takes the tokens from tokenizer.json or added_tokens.json and special ones from special_tokens_map.json.
 */
export const editConfiguration = (config: Json, { removed, added }: VocabularyEdit): Record<string, unknown> => {
  const kept = withoutTokens(config, removed);
  if (!isObject(config.added_tokens_decoder)) return kept;
  return { ...kept, added_tokens_decoder: Object.fromEntries(added.map(({ id, ...flags }) => [String(id), flags])) };
};

/** added_tokens.json after an edit: what it had and still has, then what is new. */
export const editAddedTokens = (
  before: Json,
  { added }: VocabularyEdit,
  isNew: (token: string) => boolean,
): Record<string, unknown> =>
  Object.fromEntries(
    added.filter(({ content }) => content in before || isNew(content)).map(({ content, id }) => [content, id]),
  );
