import type { ModelReference } from '../hub/reference.js';
import type { YamlPath } from '../yaml.js';
import type { TokenizerFolder } from './tokenizer-files.js';
import type { Vocabulary } from './vocabulary.js';

/** A model as far as its tokens go. */
export type TokenizerModel = {
  /** As people call the model. */
  readonly name: string;
  readonly reference: ModelReference;
  readonly folder: TokenizerFolder | null;
  /** Null where the model has no tokenizer that can be read: then its tokens count as those of the base. */
  readonly vocabulary: Vocabulary | null;
  /** Rows of the embedding matrix; null for a model of which only the tokenizer is used. */
  readonly rows: number | null;
  /** Where the recipe names the model. */
  readonly path: YamlPath;
};
