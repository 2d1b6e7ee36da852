/** A parameter as a recipe may set it; `default: undefined` means that the recipe must. */
export type ParameterSpec = {
  readonly type: 'number' | 'boolean' | 'integer' | 'choice';
  readonly default?: number | boolean | string;
  /** One sentence for `amalgam methods`, starting in lower case. */
  readonly meaning: string;
  /** Allowed range, ends included. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** Of type `choice`: the words allowed, and those that true and false stand for where the parameter was once a flag. */
  readonly choices?: readonly string[];
  readonly flags?: { readonly true: string; readonly false: string };
};

/**
 * `pass`: the only one is taken as it is. `pass-base`: so is the base's. `skip`: so is the base's; without it, or with
 * too few, the tensor is left out. `merge-present`: those that are there are merged. `error`: the base must be there.
 */
export type LonePolicy = 'pass' | 'pass-base' | 'skip' | 'merge-present' | 'error';

export type MethodSpec = {
  /** One sentence for people. */
  readonly summary: string;
  readonly source: string;
  /** `ignored`: a base model is one more input. */
  readonly base: 'required' | 'optional' | 'ignored';
  /** The base is one of the models that are merged, as SLERP's first end is; else others are compared with it. */
  readonly isBaseMerged?: true;
  /** Number of inputs without the base. */
  readonly inputs: { readonly minimum: number; readonly maximum?: number };
  readonly shared: Readonly<Record<string, ParameterSpec>>;
  readonly perInput: Readonly<Record<string, ParameterSpec>>;
  /** Times each input is read with the defaults: once to combine, more to gather statistics of whole tensors first. */
  readonly reads: number;
  /** What becomes of a tensor that not all models have. */
  readonly lone: LonePolicy;
  /**
   * What must be in memory at once where it is longer than a chunk: a run along the last dimension (a vector is one),
   * or all that has one index of the first.
   */
  readonly whole?: 'row' | 'slab';
};
