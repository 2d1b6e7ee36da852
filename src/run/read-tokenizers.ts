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

const none: ReadTokenizer = { folder: null, vocabulary: null, generation: null };

const generationConfig = 'generation_config.json';

/** Reads a file of a model from its folder, or by a range request where it is still on the Hub. */
const bytesReader = ({ reference, checkpoint, downloads }: OpenedModel) => {
  const repository = reference.model.kind === 'hub' ? reference.model.repository : null;
  return async (name: string): Promise<Uint8Array> => {
    const remote = downloads.find((file) => file.name === name && file.repository === repository);
    return remote === undefined ? await readFile(join(checkpoint.path, name)) : await remote.read(0, remote.bytes);
  };
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
      const { path, others: names } = model.checkpoint;
      const readBytes = bytesReader(model);
      const folder = await loadTokenizer({ name: model.reference.text, path, names, readBytes });
      if (folder === null) continue;
      const generation = names.includes(generationConfig)
        ? new TextDecoder().decode(await readBytes(generationConfig))
        : null;
      const digest = digestOf(folder);
      const vocabulary = vocabularies.has(digest) ? (vocabularies.get(digest) ?? null) : readVocabulary(folder);
      vocabularies.set(digest, vocabulary);
      read.set(model, { folder, vocabulary, generation });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      // Only a recipe that needs the tokens cannot go on without them, and says so itself.
      faults.push(faultWithoutPlace({ ...error, message: error.message, severity: 'warning' }));
    }
  }
  return { of: (model) => read.get(model) ?? none, faults };
};
