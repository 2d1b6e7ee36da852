import { parseAddedToken, placeAddedTokens } from './added-tokens.js';
import { type ModelTokens, type ReadTokens, tokensOfList, tokensOfObject } from './model-vocabulary.js';
import { isTiktoken, readPieces } from './sentencepiece.js';
import { namedSpecialTokens } from './special-tokens.js';
import { brokenTokenizer, isObject, jsonOf, type TokenizerFolder, textOf } from './tokenizer-files.js';
import { modelTokens, openTokenizerJson, parsePart, tokenizerJson } from './tokenizer-json.js';
import type { AddedTokenFlags, Vocabulary } from './vocabulary.js';

/** Tokens of the tokenizer's model, and those that its own file adds to them. */
type Core = {
  readonly source: string;
  readonly model: ModelTokens;
  readonly added: readonly AddedTokenFlags[];
};

/** Unwraps tokens that were read, or says what is wrong with `file`. */
const tokensIn = (folder: TokenizerFolder, file: string, read: ReadTokens): ModelTokens => {
  if ('fault' in read) throw brokenTokenizer(folder, file, read.fault);
  return read;
};

const fromTokenizerJson = (folder: TokenizerFolder): Core | undefined => {
  const source = tokenizerJson;
  const opened = openTokenizerJson(folder);
  if (opened === undefined) return undefined;
  const place = opened.top.get('added_tokens');
  const listed = place === undefined ? [] : parsePart(opened.text, place);
  if (!Array.isArray(listed)) throw brokenTokenizer(folder, source, '`added_tokens` is not a list');
  const added = listed.map((entry: unknown, index): AddedTokenFlags => {
    const token = isObject(entry) ? parseAddedToken(entry) : undefined;
    if (token === undefined) throw brokenTokenizer(folder, source, `entry ${index} of \`added_tokens\` has no content`);
    return token;
  });
  return { source, model: tokensIn(folder, source, modelTokens(opened)), added };
};

const fromSentencepiece = (folder: TokenizerFolder): Core | undefined => {
  const source = 'tokenizer.model';
  const bytes = folder.contents.get(source);
  if (bytes === undefined || isTiktoken(bytes)) return undefined;
  const pieces = readPieces(bytes);
  if (pieces === undefined) throw brokenTokenizer(folder, source, 'it is no sentencepiece model');
  const model = tokensIn(folder, source, tokensOfList(pieces.map(({ text }) => text)));
  const added = pieces
    .filter((piece) => piece.added)
    .flatMap(({ text, special }) => parseAddedToken({ content: text, special, normalized: false }) ?? []);
  return { source, model, added };
};

const fromVocabJson = (folder: TokenizerFolder): Core | undefined => {
  const source = 'vocab.json';
  const vocabulary = jsonOf(folder, source);
  if (vocabulary === undefined) return undefined;
  return { source, model: tokensIn(folder, source, tokensOfObject(vocabulary)), added: [] };
};

const fromVocabText = (folder: TokenizerFolder): Core | undefined => {
  const source = 'vocab.txt';
  const text = textOf(folder, source);
  if (text === undefined) return undefined;
  const lines = text.replace(/\r?\n$/, '').split(/\r?\n/);
  return { source, model: tokensIn(folder, source, tokensOfList(lines)), added: [] };
};

/** The tokens that the files beside the tokenizer's own list with their flags, in the order of their ids. */
const listedBeside = (folder: TokenizerFolder, config: Readonly<Record<string, unknown>>): AddedTokenFlags[] => {
  if (isObject(config.added_tokens_decoder)) {
    const byId = Object.entries(config.added_tokens_decoder).sort(([a], [b]) => Number(a) - Number(b));
    return byId.flatMap(([, token]) => parseAddedToken(token) ?? []);
  }
  const special = new Set(namedBeside(folder, config).map(({ content }) => content));
  const read = tokensOfObject(jsonOf(folder, 'added_tokens.json') ?? {});
  const byId = [...tokensIn(folder, 'added_tokens.json', read).tokens].sort(([, a], [, b]) => a - b);
  return byId.flatMap(([content]) => parseAddedToken({ content, special: special.has(content) }) ?? []);
};

/** Special tokens by name; special_tokens_map.json counts only where there is no newer `added_tokens_decoder`. */
const namedBeside = (folder: TokenizerFolder, config: Readonly<Record<string, unknown>>): AddedTokenFlags[] => {
  const older = isObject(config.added_tokens_decoder) ? undefined : jsonOf(folder, 'special_tokens_map.json');
  return [...namedSpecialTokens(config), ...namedSpecialTokens(older ?? {})];
};

/**
 * The vocabulary that a tokenizer has once it is loaded, or null where no file tells: tokenizer.json, else a
 * sentencepiece model, else vocab.json or vocab.txt, each with the tokens that the files beside it add.
 */
export const readVocabulary = (folder: TokenizerFolder): Vocabulary | null => {
  const core = fromTokenizerJson(folder) ?? fromSentencepiece(folder) ?? fromVocabJson(folder) ?? fromVocabText(folder);
  if (core === undefined) return null;
  const { source, model } = core;
  const config = jsonOf(folder, 'tokenizer_config.json') ?? {};
  // A token keeps its first place, with the flags that are listed last; a bare name adds only what is still missing.
  const list = new Map<string, AddedTokenFlags>();
  for (const token of [...core.added, ...listedBeside(folder, config)]) list.set(token.content, token);
  for (const token of namedBeside(folder, config)) if (!list.has(token.content)) list.set(token.content, token);
  const { added, next } = placeAddedTokens(model, [...list.values()]);
  const { tokens } = model;
  let size = 0;
  for (const id of tokens.values()) size = Math.max(size, id + 1);
  if (size === 0) throw brokenTokenizer(folder, source, 'it has no tokens');
  return { tokens, added, size, next, source };
};
