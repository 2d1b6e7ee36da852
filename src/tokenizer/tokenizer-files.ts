import { exitCodes, UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import { parseJsonObject } from '../hub/json-object.js';

/** The files of a model that make its tokenizer, as read. */
export type TokenizerFolder = {
  /** What people call the model. */
  readonly name: string;
  /** Folder that holds the files. */
  readonly path: string;
  /** Names of all its tokenizer files, also of those that need not be read. */
  readonly names: readonly string[];
  readonly contents: ReadonlyMap<string, Uint8Array>;
};

/** Where a model's files come from. */
export type TokenizerSource = {
  readonly name: string;
  readonly path: string;
  readonly names: readonly string[];
  readonly readBytes: (name: string) => Promise<Uint8Array>;
};

/** Every file that belongs to a tokenizer, in the order in which a folder is listed. */
export const tokenizerFileNames: readonly string[] = [
  'tokenizer.json',
  'tokenizer_config.json',
  'special_tokens_map.json',
  'added_tokens.json',
  'tokenizer.model',
  'vocab.json',
  'merges.txt',
  'vocab.txt',
  'chat_template.jinja',
  'chat_template.json',
];

/** The largest tokenizer.json in use is about 35 MB. */
const maximumBytes = 200_000_000;

/** What tokenizer.json says already, so that it is not read again; merges never name a token that the vocabulary lacks. */
const isRead = (name: string, names: readonly string[]): boolean => {
  if (name === 'merges.txt') return false;
  return !(names.includes('tokenizer.json') && ['tokenizer.model', 'vocab.json', 'vocab.txt'].includes(name));
};

/** Reads the tokenizer files of a model, or gives null where it has none. */
export const loadTokenizer = async ({
  name: model,
  path,
  names: all,
  readBytes,
}: TokenizerSource): Promise<TokenizerFolder | null> => {
  const names = tokenizerFileNames.filter((name) => all.includes(name));
  if (names.length === 0) return null;
  const contents = new Map<string, Uint8Array>();
  for (const name of names.filter((name) => isRead(name, names))) {
    const bytes = await readBytes(name);
    if (bytes.length > maximumBytes) {
      throw brokenTokenizer({ name: model }, name, `${formatBytes(bytes.length)} is more than any tokenizer needs`);
    }
    contents.set(name, bytes);
  }
  return { name: model, path, names, contents };
};

export const brokenTokenizer = ({ name }: Pick<TokenizerFolder, 'name'>, file: string, what: string): UserError =>
  new UserError({
    code: 'bad-tokenizer',
    message: `${name}/${file} is not a tokenizer: ${what}`,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });

/** A text file of the tokenizer, or undefined where there is none. */
export const textOf = ({ contents }: TokenizerFolder, file: string): string | undefined => {
  const bytes = contents.get(file);
  return bytes === undefined ? undefined : new TextDecoder().decode(bytes);
};

/** A JSON object of the tokenizer, or undefined where there is none. */
export const jsonOf = (folder: TokenizerFolder, file: string): Record<string, unknown> | undefined => {
  const text = textOf(folder, file);
  return text === undefined ? undefined : parseJsonObject(`${folder.name}/${file}`, text);
};

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
