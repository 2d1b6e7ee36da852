import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OpenedModel } from '../hub/open-model.js';
import type { ReadTokenizer } from '../plan/vocabulary.js';
import { readVocabulary } from '../tokenizer/read-vocabulary.js';
import { loadTokenizer, type TokenizerFolder } from '../tokenizer/tokenizer-files.js';
import type { Vocabulary } from '../tokenizer/vocabulary.js';

const none: ReadTokenizer = { folder: null, digest: null, vocabulary: () => null, generation: null };

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

/** Loads the tokenizer files of models; those with the same content are parsed once, when their tokens are asked for. */
export const readTokenizers = async (
  models: readonly OpenedModel[],
): Promise<(model: OpenedModel) => ReadTokenizer> => {
  const read = new Map<OpenedModel, ReadTokenizer>();
  const vocabularies = new Map<string, Vocabulary | null>();
  for (const model of models) {
    const { path, others: names } = model.checkpoint;
    const readBytes = bytesReader(model);
    const folder = await loadTokenizer({ name: model.reference.text, path, names, readBytes });
    if (folder === null) continue;
    const digest = digestOf(folder);
    const generation = names.includes(generationConfig)
      ? new TextDecoder().decode(await readBytes(generationConfig))
      : null;
    const vocabulary = (): Vocabulary | null => {
      const known = vocabularies.get(digest);
      if (known !== undefined) return known;
      const parsed = readVocabulary(folder);
      vocabularies.set(digest, parsed);
      return parsed;
    };
    read.set(model, { folder, digest, vocabulary, generation });
  }
  return (model) => read.get(model) ?? none;
};
