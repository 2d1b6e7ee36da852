import { faultWithoutPlace } from '../../src/fault.js';
import type { ModelReference } from '../../src/hub/reference.js';
import { readVocabulary } from '../../src/tokenizer/read-vocabulary.js';
import type { TokenizerFolder } from '../../src/tokenizer/tokenizer-files.js';
import type { TokenizerModel } from '../../src/tokenizer/tokenizer-model.js';
import type { AddedTokenFlags } from '../../src/tokenizer/vocabulary.js';
import type { YamlSource } from '../../src/yaml.js';

/** Contents of tokenizer files by name: text, bytes, or data to be written as JSON. */
export type FileContents = Readonly<Record<string, unknown>>;

export const bytesOf = (content: unknown): Uint8Array =>
  content instanceof Uint8Array
    ? content
    : Buffer.from(typeof content === 'string' ? content : JSON.stringify(content));

export const folderOf = (files: FileContents, name = 'model'): TokenizerFolder => ({
  name,
  path: `/models/${name}`,
  names: Object.keys(files),
  contents: new Map(Object.entries(files).map(([file, content]) => [file, bytesOf(content)])),
});

export type TinyTokenizer = {
  /** Ordinary tokens in the order of their ids, or with their ids. */
  readonly vocab: readonly string[] | Readonly<Record<string, number>>;
  /** Added tokens after them, by content or with flags. */
  readonly added?: readonly (string | Partial<AddedTokenFlags>)[];
  readonly merges?: readonly string[];
  /** More parts of tokenizer.json. */
  readonly more?: Readonly<Record<string, unknown>>;
};

/** tokenizer.json of a tokenizer whose model is BPE. */
export const bpe = ({ vocab, added = [], merges = [], more = {} }: TinyTokenizer): Record<string, unknown> => {
  const ids = Array.isArray(vocab) ? Object.fromEntries(vocab.map((token, id) => [token, id])) : vocab;
  const first = Object.keys(ids).length;
  return {
    version: '1.0',
    truncation: null,
    padding: null,
    added_tokens: added.map((token, index) => ({
      id: first + index,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
      ...(typeof token === 'string' ? { content: token } : token),
    })),
    normalizer: null,
    pre_tokenizer: null,
    post_processor: null,
    decoder: { type: 'Fuse' },
    model: {
      type: 'BPE',
      dropout: null,
      unk_token: null,
      continuing_subword_prefix: null,
      end_of_word_suffix: null,
      fuse_unk: false,
      byte_fallback: false,
      vocab: ids,
      merges,
    },
    ...more,
  };
};

export const referenceTo = (name: string): ModelReference => ({
  text: name,
  model: { kind: 'folder', path: `/models/${name}` },
  adapter: null,
});

/** A model with the tokenizer in `files` (null: none) and a matrix of `rows` rows. */
export const modelOf = (name: string, files: FileContents | null, rows: number | null): TokenizerModel => {
  const folder = files === null ? null : folderOf(files, name);
  const vocabulary = folder === null ? null : readVocabulary(folder);
  return { name, reference: referenceTo(name), folder, vocabulary, rows, path: ['models', name] };
};

/** A model with a tiny tokenizer.json alone, and a row for each token unless `rows` says otherwise. */
export const tinyModel = (name: string, tokenizer: TinyTokenizer, rows?: number): TokenizerModel => {
  const model = modelOf(name, { 'tokenizer.json': bpe(tokenizer) }, 0);
  return { ...model, rows: rows ?? model.vocabulary?.size ?? 0 };
};

export const faultAt: YamlSource['faultAt'] = (path, description) => faultWithoutPlace(description, path.join('.'));
