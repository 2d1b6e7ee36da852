import { parseAddedToken } from './added-tokens.js';
import { isObject } from './tokenizer-files.js';
import type { AddedTokenFlags } from './vocabulary.js';

/** Lists and tables of special tokens in tokenizer_config.json and special_tokens_map.json. */
export const specialTokenLists: readonly string[] = [
  'additional_special_tokens',
  'extra_special_tokens',
  'model_specific_special_tokens',
];

const special = (value: unknown): AddedTokenFlags[] => {
  const token = parseAddedToken(value);
  return token === undefined ? [] : [{ ...token, special: true }];
};

/** The special tokens that a configuration names: `bos_token` and its like, and the lists of further ones. */
export const namedSpecialTokens = (config: Readonly<Record<string, unknown>>): AddedTokenFlags[] => [
  ...Object.entries(config).flatMap(([key, value]) => (key.endsWith('_token') ? special(value) : [])),
  ...specialTokenLists.flatMap((key) => {
    const list = config[key];
    return (Array.isArray(list) ? list : isObject(list) ? Object.values(list) : []).flatMap(special);
  }),
];
