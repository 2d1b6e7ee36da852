import type { SearchFolders } from '../hub/reference.js';
import type { TokenizerRequest, TokenRequest, TokenSource } from '../tokenizer/request.js';
import type { YamlPath } from '../yaml.js';
import { invalid, isAbsent, isMapping, type Mapping, type Reading, readMapping, report } from './reading.js';
import { readReference } from './written-reference.js';

const readSource = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): TokenizerRequest['source'] | undefined => {
  if (isAbsent(value) || value === 'union') return 'union';
  if (value === 'base') return 'base';
  return readReference(reading, value, path, folders)?.reference;
};

const invalidSource = (reading: Reading, path: YamlPath, message: string): undefined => {
  const hint = 'a model, `{kind: zero}`, or `{kind: model_token, model, token}` (or `token_id`)';
  return report(reading, path, { code: 'invalid-token-source', message, hint });
};

/** `{kind: model_token, model, token | token_id}` */
const readModelToken = (
  reading: Reading,
  written: Mapping,
  path: YamlPath,
  folders: SearchFolders,
): TokenSource | undefined => {
  const { model, token, token_id: id } = written;
  if (isAbsent(token) === isAbsent(id)) {
    return invalidSource(reading, path, 'exactly one of `token` and `token_id` is needed');
  }
  if (!isAbsent(token) && typeof token !== 'string')
    return invalid(reading, [...path, 'token'], 'expected a token, as text');
  if (!isAbsent(id) && !(Number.isSafeInteger(id) && (id as number) >= 0)) {
    return invalid(reading, [...path, 'token_id'], 'expected the id of a token');
  }
  const reference = readReference(reading, model, [...path, 'model'], folders)?.reference;
  if (reference === undefined) return undefined;
  return typeof token === 'string'
    ? { kind: 'model-token', reference, token }
    : { kind: 'model-token-id', reference, id: id as number };
};

const readTokenSource = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): TokenSource | null | undefined => {
  if (isAbsent(value)) return null;
  if (!isMapping(value) || !('kind' in value)) {
    const reference = readReference(reading, value, path, folders)?.reference;
    return reference && { kind: 'model', reference };
  }
  const { kind } = value;
  if (kind === 'zero') {
    readMapping(reading, value, path, { what: 'a source', known: ['kind'] });
    return { kind: 'zero' };
  }
  if (kind !== 'model_token') {
    return invalidSource(reading, [...path, 'kind'], `unknown kind of token source \`${String(kind)}\``);
  }
  readMapping(reading, value, path, { what: 'a source', known: ['kind', 'model', 'token', 'token_id'] });
  return readModelToken(reading, value, path, folders);
};

const readToken = (
  reading: Reading,
  [token, value]: readonly [string, unknown],
  parent: YamlPath,
  folders: SearchFolders,
): TokenRequest | undefined => {
  const path = [...parent, token];
  const what = 'an entry such as `{source, force}`';
  const entry = readMapping(reading, value, path, { what, known: ['source', 'force'] });
  if (entry === undefined) return undefined;
  if (!isAbsent(entry.force) && typeof entry.force !== 'boolean') {
    return invalid(reading, [...path, 'force'], 'expected true or false');
  }
  const source = readTokenSource(reading, entry.source, [...path, 'source'], folders);
  return source === undefined ? undefined : { token, source, force: entry.force ?? false, path };
};

const readPadding = (reading: Reading, value: unknown, path: YamlPath): number | null => {
  if (isAbsent(value)) return null;
  if (Number.isSafeInteger(value) && (value as number) > 0) return value as number;
  invalid(reading, path, 'expected a whole number of at least 1');
  return null;
};

const readTokenizer = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): TokenizerRequest | null => {
  const what = 'a tokenizer such as `{source: union}`';
  const known = ['source', 'tokens', 'pad_to_multiple_of'];
  const written = readMapping(reading, value, path, { what, known });
  if (written === undefined) return null;
  const source = readSource(reading, written.source, [...path, 'source'], folders);
  const at = [...path, 'tokens'];
  if (!isAbsent(written.tokens) && !isMapping(written.tokens)) {
    invalid(reading, at, 'expected a mapping of tokens to `{source}`');
  }
  const entries = isMapping(written.tokens) ? Object.entries(written.tokens) : [];
  const tokens = entries.flatMap((entry) => readToken(reading, entry, at, folders) ?? []);
  const padToMultipleOf = readPadding(reading, written.pad_to_multiple_of, [...path, 'pad_to_multiple_of']);
  return source === undefined ? null : { source, tokens, padToMultipleOf, path };
};

/** `tokenizer` or the older `tokenizer_source`; null when nothing is said. */
export const readTokenizerRequest = (
  reading: Reading,
  recipe: Mapping,
  folders: SearchFolders,
): TokenizerRequest | null => {
  const { tokenizer, tokenizer_source: source } = recipe;
  if (!isAbsent(tokenizer) && !isAbsent(source)) {
    const message = '`tokenizer` and `tokenizer_source` exclude each other';
    const hint = 'move it into `tokenizer: { source: … }`';
    report(reading, ['tokenizer_source'], { code: 'tokenizer-twice', message, hint }, 'key');
  }
  if (!isAbsent(tokenizer)) return readTokenizer(reading, tokenizer, ['tokenizer'], folders);
  if (isAbsent(source)) return null;
  const path = ['tokenizer_source'];
  const chosen = readSource(reading, source, path, folders);
  return chosen === undefined ? null : { source: chosen, tokens: [], padToMultipleOf: null, path };
};
