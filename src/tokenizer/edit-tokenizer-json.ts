import { eachMember, type Member } from './json-text.js';
import { brokenTokenizer, isObject, type TokenizerFolder } from './tokenizer-files.js';
import { openTokenizerJson, parsePart, type TokenizerText } from './tokenizer-json.js';
import type { AddedToken } from './vocabulary.js';

/** How a tokenizer changes: the tokens from id `limit` on go, then `added` are all that it adds to its model's. */
export type VocabularyEdit = {
  /** Tokens that are gone. */
  readonly removed: ReadonlySet<string>;
  /** The lowest id that is gone; null where none is. */
  readonly limit: number | null;
  /** All added tokens of the result, ascending. */
  readonly added: readonly AddedToken[];
};

/** A part of a text and what takes its place. */
type Replacement = { readonly start: number; readonly end: number; readonly text: string };

const replaceAll = (text: string, replacements: readonly Replacement[]): string => {
  let result = '';
  let at = 0;
  for (const { start, end, text: other } of [...replacements].sort((a, b) => a.start - b.start)) {
    result += text.slice(at, start) + other;
    at = end;
  }
  return result + text.slice(at);
};

const addedText = (added: readonly AddedToken[]): string =>
  JSON.stringify(
    added.map(({ id, content, single_word, lstrip, rstrip, normalized, special }) => {
      return { id, content, single_word, lstrip, rstrip, normalized, special };
    }),
  );

/** The vocabulary with ids below `limit`, its members in the order and spelling of the file. */
const shortVocabulary = (text: string, place: Member, limit: number): string => {
  if (text[place.start] === '[') return JSON.stringify((parsePart(text, place) as unknown[]).slice(0, limit));
  const kept: string[] = [];
  eachMember(text, place.start, ({ key, start, end }) => {
    const id = text.slice(start, end);
    if (Number(id) < limit) kept.push(`${JSON.stringify(key)}:${id}`);
  });
  return `{${kept.join(',')}}`;
};

/** The merges that neither join nor make a token that is gone. */
const shortMerges = (merges: readonly unknown[], prefix: string, removed: ReadonlySet<string>): string =>
  JSON.stringify(
    merges.filter((merge) => {
      const [left = '', right = ''] = (typeof merge === 'string' ? merge.split(' ') : merge) as string[];
      const joined = left + (prefix !== '' && right.startsWith(prefix) ? right.slice(prefix.length) : right);
      return ![left, right, joined].some((token) => removed.has(token));
    }),
  );

const shortened = (
  { text, model }: TokenizerText,
  { removed, limit }: VocabularyEdit & { limit: number },
): Replacement[] => {
  const replacements: Replacement[] = [];
  const vocab = model.get('vocab');
  if (vocab !== undefined) replacements.push({ ...vocab, text: shortVocabulary(text, vocab, limit) });
  const merges = model.get('merges');
  const list = parsePart(text, merges);
  const prefix = parsePart(text, model.get('continuing_subword_prefix'));
  if (merges !== undefined && Array.isArray(list)) {
    replacements.push({ ...merges, text: shortMerges(list, typeof prefix === 'string' ? prefix : '', removed) });
  }
  return replacements;
};

/** Every text in a JSON value, names of members included. */
const textsIn = (value: unknown): string[] => {
  if (typeof value === 'string') return [value];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? [...Object.keys(value), ...Object.values(value).flatMap(textsIn)] : [];
};

/** A token that is gone although the tokenizer puts it into every text or reads unknown text as it; undefined: none. */
const neededToken = ({ text, top, model }: TokenizerText, { removed, limit }: VocabularyEdit): string | undefined => {
  const unknown = parsePart(text, model.get('unk_token'));
  const unknownId = parsePart(text, model.get('unk_id'));
  if (limit !== null && typeof unknownId === 'number' && unknownId >= limit) return `token ${unknownId}`;
  const used = [unknown, ...textsIn(parsePart(text, top.get('post_processor')))];
  return used.find((token): token is string => typeof token === 'string' && removed.has(token));
};

/** tokenizer.json after an edit, or the token that it cannot do without. */
export const editTokenizerJson = (
  folder: TokenizerFolder,
  edit: VocabularyEdit,
): { text: string } | { needed: string } => {
  const opened = openTokenizerJson(folder);
  if (opened === undefined) throw brokenTokenizer(folder, 'tokenizer.json', 'it is missing');
  const needed = neededToken(opened, edit);
  if (needed !== undefined) return { needed };
  const { text, top } = opened;
  const { limit } = edit;
  const replacements = limit === null ? [] : shortened(opened, { ...edit, limit });
  const padding = parsePart(text, top.get('padding'));
  const paddingPlace = top.get('padding');
  if (paddingPlace && isObject(padding) && edit.removed.has(String(padding.pad_token))) {
    replacements.push({ ...paddingPlace, text: 'null' });
  }
  const place = top.get('added_tokens');
  if (place !== undefined) replacements.push({ ...place, text: addedText(edit.added) });
  else {
    const start = text.indexOf('{') + 1;
    replacements.push({ start, end: start, text: `"added_tokens":${addedText(edit.added)},` });
  }
  return { text: replaceAll(text, replacements) };
};
