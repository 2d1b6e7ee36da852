import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { type Fault, faultWithoutPlace } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { ReadTokenizer } from '../plan/vocabulary.js';
import { readVocabulary } from '../tokenizer/read-vocabulary.js';
import { loadTokenizer, type TokenizerFolder } from '../tokenizer/tokenizer-files.js';
import type { Vocabulary } from '../tokenizer/vocabulary.js';

const none: ReadTokenizer = { folder: null, vocabulary: null };

/** Loads a model's tokenizer files, from its folder or by range requests where they are still on the Hub. */
const load = async ({ reference, checkpoint, downloads }: OpenedModel): Promise<TokenizerFolder | null> => {
  const { path, others } = checkpoint;
  const repository = reference.model.kind === 'hub' ? reference.model.repository : null;
  return await loadTokenizer({
    name: reference.text,
    path,
    names: others,
    readBytes: async (name) => {
      const remote = downloads.find((file) => file.name === name && file.repository === repository);
      return remote === undefined ? await readFile(join(path, name)) : await remote.read(0, remote.bytes);
    },
  });
};

const digestOf = ({ contents }: TokenizerFolder): string => {
  const hash = createHash('sha256');
  for (const [name, bytes] of contents) hash.update(`${name} ${bytes.length}\n`).update(bytes);
  return hash.digest('hex');
};

/** Reads the tokenizers of models; those with the same files are parsed once. */
export const readTokenizers = async (
  models: readonly OpenedModel[],
): Promise<{ of: (model: OpenedModel) => ReadTokenizer; faults: Fault[] }> => {
  const read = new Map<OpenedModel, ReadTokenizer>();
  const vocabularies = new Map<string, Vocabulary | null>();
  const faults: Fault[] = [];
  for (const model of models) {
    try {
      const folder = await load(model);
      if (folder === null) continue;
      const digest = digestOf(folder);
      const vocabulary = vocabularies.has(digest) ? (vocabularies.get(digest) ?? null) : readVocabulary(folder);
      vocabularies.set(digest, vocabulary);
      read.set(model, { folder, vocabulary });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // Only a recipe that needs the tokens cannot go on without them, and says so itself.
      faults.push(faultWithoutPlace({ ...error, message: error.message, severity: 'warning' }));
    }
  }
  return { of: (model) => read.get(model) ?? none, faults };
};
