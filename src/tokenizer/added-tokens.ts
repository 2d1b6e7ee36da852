import { type ModelTokens, maximumTokens } from './model-vocabulary.js';
import { isObject } from './tokenizer-files.js';
import type { AddedToken, AddedTokenFlags } from './vocabulary.js';

/** An added token as written in JSON, or undefined where it is none; a bare text stands for a special token. */
export const parseAddedToken = (value: unknown): AddedTokenFlags | undefined => {
  const fields = typeof value === 'string' ? { content: value, special: true } : value;
  if (!isObject(fields) || typeof fields.content !== 'string') return undefined;
  const special = fields.special === true;
  const flag = (name: string, otherwise: boolean): boolean =>
    typeof fields[name] === 'boolean' ? fields[name] : otherwise;
  return {
    content: fields.content,
    special,
    normalized: flag('normalized', !special),
    lstrip: flag('lstrip', false),
    rstrip: flag('rstrip', false),
    single_word: flag('single_word', false),
  };
};

/**
 * Ids of added tokens as the tokenizers library gives them when it loads the file: that of the model's token with the
 * same text, else the next free one, in the order of the list. The ids that the file names are not asked. The model's
 * tokens become those of the whole tokenizer: a copy of them would take as long as reading them.
 */
export const placeAddedTokens = (
  model: ModelTokens,
  list: readonly AddedTokenFlags[],
): { added: AddedToken[]; next: number } => {
  const { tokens } = model;
  const added = new Map<string, AddedToken>();
  let next = model.count;
  for (const flags of list) {
    const id = tokens.get(flags.content) ?? next;
    if (flags.content === '' || id >= maximumTokens) continue;
    tokens.set(flags.content, id);
    added.set(flags.content, { ...flags, id });
    next = Math.max(next, id + 1);
  }
  return { added: [...added.values()].sort((a, b) => a.id - b.id), next };
};
