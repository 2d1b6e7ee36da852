import { eachMember, type Member, membersAt } from './json-text.js';
import { idFault, type ReadTokens, tokensOfList } from './model-vocabulary.js';
import { brokenTokenizer, type TokenizerFolder, textOf } from './tokenizer-files.js';

/**
 * tokenizer.json as its text and the places of its parts. Parsing all of it would take most of its time for the merges,
 * which nothing here needs, and would lose the order of tokens such as `7`.
 */
export type TokenizerText = {
  readonly text: string;
  readonly top: ReadonlyMap<string, Member>;
  readonly model: ReadonlyMap<string, Member>;
};

export const tokenizerJson = 'tokenizer.json';

/** Finds the parts of tokenizer.json; undefined where the model has none. */
export const openTokenizerJson = (folder: TokenizerFolder): TokenizerText | undefined => {
  const text = textOf(folder, tokenizerJson);
  if (text === undefined) return undefined;
  const top = membersAt(text, 0);
  if (top === undefined) throw brokenTokenizer(folder, tokenizerJson, 'it is no JSON object, or an incomplete one');
  const place = top.get('model');
  const model = place === undefined ? undefined : membersAt(text, place.start);
  if (model === undefined) throw brokenTokenizer(folder, tokenizerJson, 'it has no `model`');
  return { text, top, model };
};

/** The value of a part, or undefined where it is missing or broken. */
export const parsePart = (text: string, place: Member | undefined): unknown => {
  if (place === undefined) return undefined;
  try {
    return JSON.parse(text.slice(place.start, place.end));
  } catch {
    return undefined;
  }
};

/** Ids by token in a vocabulary's object, read without building that object. */
const tokensOfText = (text: string, start: number): ReadTokens => {
  const tokens = new Map<string, number>();
  let fault: string | undefined;
  const end = eachMember(text, start, (member) => {
    const id = Number(text.slice(member.start, member.end));
    fault ??= idFault(member.key, id);
    tokens.set(member.key, id);
  });
  if (end === undefined) return { fault: 'its vocabulary is broken' };
  return fault === undefined ? { tokens, count: tokens.size } : { fault };
};

/** The tokens of the model: an object, or as in Unigram a list of pieces and scores. */
export const modelTokens = ({ text, model }: TokenizerText): ReadTokens => {
  const place = model.get('vocab');
  if (place === undefined) return { fault: 'its model has no `vocab`' };
  if (text[place.start] === '{') return tokensOfText(text, place.start);
  const list = parsePart(text, place);
  return Array.isArray(list) ? tokensOfList(list) : { fault: 'its model has no `vocab`' };
};
