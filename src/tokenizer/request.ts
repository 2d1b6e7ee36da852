import type { ModelReference } from '../hub/reference.js';
import type { YamlPath } from '../yaml.js';

/** Where the row of a token comes from in models that lack it. */
export type TokenSource =
  | { readonly kind: 'model'; readonly reference: ModelReference }
  | { readonly kind: 'zero' }
  | { readonly kind: 'model-token'; readonly reference: ModelReference; readonly token: string }
  | { readonly kind: 'model-token-id'; readonly reference: ModelReference; readonly id: number };

export type TokenRequest = {
  readonly token: string;
  /** Null: by the rules for tokens that nothing is said about. */
  readonly source: TokenSource | null;
  /** The row replaces that of models which have the token, too. */
  readonly force: boolean;
  readonly path: YamlPath;
};

/** What a recipe says about the tokenizer of the result. */
export type TokenizerRequest = {
  readonly source: 'union' | 'base' | ModelReference;
  readonly tokens: readonly TokenRequest[];
  readonly padToMultipleOf: number | null;
  readonly path: YamlPath;
};
