import { join } from 'node:path';
import { exitCodes } from '../errors.js';
import type { FaultDescription } from '../fault.js';
import { printable } from '../format.js';
import type { SideFile } from '../protocol/plan.js';
import { editAddedTokens, editConfiguration, withoutTokens } from './edit-configuration.js';
import { editTokenizerJson, type VocabularyEdit } from './edit-tokenizer-json.js';
import { jsonOf, type TokenizerFolder } from './tokenizer-files.js';
import type { Vocabulary } from './vocabulary.js';

/** Files that hold the model's tokens without those that are added: wrong once one of theirs is gone. */
const olderForms = ['tokenizer.model', 'vocab.json', 'merges.txt', 'vocab.txt'];

const jsonText = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const editOf = (before: Vocabulary, after: Vocabulary): VocabularyEdit => {
  const removed = [...before.tokens].filter(([token]) => !after.tokens.has(token));
  return {
    removed: new Set(removed.map(([token]) => token)),
    limit: removed.reduce((lowest: number | null, [, id]) => Math.min(lowest ?? id, id), null),
    added: after.added,
  };
};

/** The tokenizer files of `folder` as they are. */
export const copyTokenizer = ({ path, names }: TokenizerFolder): SideFile[] =>
  names.map((name) => ({ name, source: join(path, name), text: null }));

/** The tokenizer files of `folder`, changed where its vocabulary `before` becomes `after`. */
export const writeTokenizer = (
  folder: TokenizerFolder,
  before: Vocabulary,
  after: Vocabulary,
): { files: SideFile[]; faults: FaultDescription[] } => {
  const edit = editOf(before, after);
  const isNew = (token: string): boolean => !before.tokens.has(token);
  const grows = after.tokens.size > before.tokens.size || after.added.length > before.added.length;
  if (edit.removed.size === 0 && !grows) {
    return { files: copyTokenizer(folder), faults: [] };
  }
  const addedBefore = new Set(before.added.map(({ content }) => content));
  const shortensModel = [...edit.removed].some((token) => !addedBefore.has(token));
  const texts = new Map<string, string>();
  if (folder.contents.has('tokenizer.json')) {
    const edited = editTokenizerJson(folder, edit);
    if ('needed' in edited) return { files: [], faults: [cannotDoWithout(folder.name, edited.needed)] };
    texts.set('tokenizer.json', edited.text);
  } else if (shortensModel) return { files: [], faults: [cannotShorten(folder.name, before.source)] };

  const config = jsonOf(folder, 'tokenizer_config.json');
  if (config !== undefined) texts.set('tokenizer_config.json', jsonText(editConfiguration(config, edit)));
  const special = jsonOf(folder, 'special_tokens_map.json');
  if (special !== undefined) texts.set('special_tokens_map.json', jsonText(withoutTokens(special, edit.removed)));
  const added = jsonOf(folder, 'added_tokens.json') ?? (texts.has('tokenizer.json') ? undefined : {});
  if (added !== undefined) texts.set('added_tokens.json', jsonText(editAddedTokens(added, edit, isNew)));

  const copied = folder.names.filter((name) => !texts.has(name) && !(shortensModel && olderForms.includes(name)));
  const written = [...texts].map(([name, text]): SideFile => ({ name, source: null, text }));
  return { files: [...copyTokenizer({ ...folder, names: copied }), ...written], faults: [] };
};

const cannotDoWithout = (name: string, token: string): FaultDescription => ({
  code: 'token-needed',
  message: `the tokenizer of ${name} needs \`${printable(token)}\`, whose id is beyond the rows of the matrix`,
  hint: 'name the model as the source of the tokenizer: then its tokens are kept and rows are added',
  exitCode: exitCodes.incompatible,
});

const cannotShorten = (name: string, file: string): FaultDescription => ({
  code: 'tokenizer-not-shortened',
  message: `${file} of ${name} has tokens beyond the rows of the matrix, and only a tokenizer.json can be shortened`,
  hint: 'name the model as the source of the tokenizer: then its tokens are kept and rows are added',
  exitCode: exitCodes.incompatible,
});
