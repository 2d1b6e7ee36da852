import { z } from 'zod';

/** A parameter as a recipe may set it; `default: undefined` means that the recipe must. */
export type ParameterSpec = {
  readonly type: 'number' | 'boolean' | 'integer';
  readonly default?: number | boolean;
  /** One sentence for `amalgam methods`, starting in lower case. */
  readonly meaning: string;
  /** Allowed range, ends included. */
  readonly minimum?: number;
  readonly maximum?: number;
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

const weight: ParameterSpec = { type: 'number', meaning: "factor of this model's task vector" };
const density: ParameterSpec = {
  type: 'number',
  default: 1,
  minimum: 0,
  maximum: 1,
  meaning: 'share of the task vector that is kept',
};
const gamma: ParameterSpec = {
  type: 'number',
  default: 0.01,
  minimum: 0,
  maximum: 1,
  meaning: 'share of the largest entries that is dropped',
};
const epsilon: ParameterSpec = {
  type: 'number',
  default: 0.15,
  minimum: 0,
  maximum: 1,
  meaning: 'probabilities of keeping an entry are density ± epsilon',
};
const active: ParameterSpec = {
  type: 'number',
  default: 1e-5,
  minimum: 0,
  meaning: 'smaller changes are taken for none',
};

const taskArithmetic = ({ normalize, rescale }: { normalize: boolean; rescale: boolean }) =>
  ({
    normalize: {
      type: 'boolean',
      default: normalize,
      meaning: 'divide by the sum of the weights that took part',
    },
    rescale: {
      type: 'boolean',
      default: rescale,
      meaning: "restore each task vector's L1 norm after sparsifying it",
    },
    lambda: { type: 'number', default: 1, meaning: 'factor of the merged task vector' },
    int8_mask: { type: 'boolean', default: false, meaning: 'accepted for compatibility; changes no number' },
  }) satisfies Record<string, ParameterSpec>;

/** Every merge method: the one list that recipes, plans, help and the worker are checked against. */
export const methods = {
  linear: {
    summary: 'Weighted average of the models.',
    source: 'Model soups, Wortsman et al. 2022',
    base: 'ignored',
    inputs: { minimum: 1 },
    shared: {
      normalize: { type: 'boolean', default: true, meaning: 'divide by the sum of the weights' },
    },
    perInput: { weight: { type: 'number', meaning: 'factor of this model' } },
    reads: 1,
    lone: 'merge-present',
  },
  slerp: {
    summary: 'Spherical interpolation from the base to one other model.',
    source: 'Shoemake 1985',
    base: 'required',
    inputs: { minimum: 1, maximum: 1 },
    shared: { t: { type: 'number', meaning: 'position: 0 is the base, 1 the other model' } },
    perInput: {},
    reads: 2,
    lone: 'pass',
  },
  nuslerp: {
    summary: 'Spherical interpolation of two models, or of their task vectors, whole or row by row.',
    source: 'Shoemake 1985',
    base: 'optional',
    inputs: { minimum: 2, maximum: 2 },
    shared: {
      nuslerp_flatten: { type: 'boolean', default: true, meaning: 'one vector per tensor' },
      nuslerp_row_wise: {
        type: 'boolean',
        default: false,
        meaning: 'without `nuslerp_flatten`: one vector per column (sic), else one per row',
      },
    },
    perInput: { weight: { type: 'number', meaning: "the second model's share of both is the position" } },
    reads: 2,
    lone: 'pass',
    whole: 'row',
  },
  multislerp: {
    summary: 'Spherical interpolation of any number of models, or of their task vectors.',
    source: 'Buss & Fillmore 2001',
    base: 'optional',
    inputs: { minimum: 1 },
    shared: {
      normalize_weights: { type: 'boolean', default: true, meaning: 'divide the weights by their sum' },
      eps: { type: 'number', default: 1e-8, minimum: 0, meaning: 'lengths below it are taken for zero' },
    },
    perInput: { weight: { type: 'number', meaning: 'factor of this model' } },
    reads: 2,
    lone: 'error',
  },
  karcher: {
    summary: 'The mean direction on the sphere (Karcher mean), with the mean length.',
    source: 'Karcher 1977',
    base: 'ignored',
    inputs: { minimum: 1 },
    shared: {
      max_iter: { type: 'integer', default: 10, minimum: 0, meaning: 'most steps towards the mean' },
      tol: { type: 'number', default: 1e-5, minimum: 0, meaning: 'a shorter step ends the search' },
    },
    perInput: {},
    reads: 2,
    lone: 'merge-present',
  },
  task_arithmetic: {
    summary: 'Adds weighted task vectors (model minus base) to the base.',
    source: 'Ilharco et al. 2023, arXiv:2212.04089',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: false }),
    perInput: { weight, density },
    reads: 1,
    lone: 'error',
  },
  ties: {
    summary: 'Trims each task vector by magnitude, elects a sign per parameter, merges those that agree.',
    source: 'Yadav et al. 2023, arXiv:2306.01708',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: true, rescale: false }),
    perInput: { weight, density },
    reads: 3,
    lone: 'error',
  },
  dare_linear: {
    summary: 'Drops entries of each task vector at random, rescales the rest, adds them.',
    source: 'Yu et al. 2024, arXiv:2311.03099',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: true }),
    perInput: { weight, density },
    reads: 2,
    lone: 'error',
  },
  dare_ties: {
    summary: 'Drops entries of each task vector at random, rescales the rest, then elects signs as TIES does.',
    source: 'Yu et al. 2024, arXiv:2311.03099; Yadav et al. 2023, arXiv:2306.01708',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: true }),
    perInput: { weight, density },
    reads: 2,
    lone: 'error',
  },
  breadcrumbs: {
    summary: 'Drops the largest and the smallest entries of each task vector, adds the rest.',
    source: 'Davari & Belilovsky 2023, arXiv:2312.06795',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: false }),
    perInput: { weight, density, gamma },
    reads: 3,
    lone: 'error',
  },
  breadcrumbs_ties: {
    summary: 'Drops the largest and the smallest entries of each task vector, then elects signs as TIES does.',
    source: 'Davari & Belilovsky 2023, arXiv:2312.06795; Yadav et al. 2023, arXiv:2306.01708',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: false }),
    perInput: { weight, density, gamma },
    reads: 3,
    lone: 'error',
  },
  della: {
    summary: 'Drops entries of each task vector at random, small ones more often, then elects signs as TIES does.',
    source: 'Deep et al. 2024, arXiv:2406.11617',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: true, rescale: true }),
    perInput: { weight, density, epsilon },
    reads: 2,
    lone: 'error',
    whole: 'slab',
  },
  della_linear: {
    summary: 'Drops entries of each task vector at random, small ones more often, rescales the rest, adds them.',
    source: 'Deep et al. 2024, arXiv:2406.11617',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: true }),
    perInput: { weight, density, epsilon },
    reads: 2,
    lone: 'error',
    whole: 'slab',
  },
  sce: {
    summary: 'Selects where the models differ most, weighs them by their energy, erases minority signs.',
    source: 'FuseChat, Wan et al. 2024, arXiv:2408.07990',
    base: 'required',
    inputs: { minimum: 1 },
    shared: {
      int8_mask: { type: 'boolean', default: false, meaning: 'accepted for compatibility; changes no number' },
      select_topk: {
        type: 'number',
        default: 1,
        minimum: 0,
        maximum: 1,
        meaning: 'share, of the elements in which the models differ, that is merged',
      },
    },
    perInput: {},
    reads: 2,
    lone: 'error',
  },
  model_stock: {
    summary: 'Moves from the base towards the mean of the models by the angle between them.',
    source: 'Jang et al. 2024, arXiv:2403.19522',
    base: 'required',
    inputs: { minimum: 2 },
    shared: {
      filter_wise: { type: 'boolean', default: false, meaning: 'one ratio per output row instead of per tensor' },
    },
    perInput: {},
    reads: 2,
    lone: 'skip',
  },
  nearswap: {
    summary: 'Moves the base towards another model, at most about `t` per element.',
    source: 'NearSwap',
    base: 'required',
    inputs: { minimum: 1, maximum: 1 },
    shared: { t: { type: 'number', meaning: 'distance up to which the other model is taken whole' } },
    perInput: {},
    reads: 1,
    lone: 'pass-base',
  },
  arcee_fusion: {
    summary: 'Takes from the other model only the changes that stand out.',
    source: 'Arcee Fusion',
    base: 'required',
    inputs: { minimum: 1, maximum: 1 },
    shared: {},
    perInput: {},
    reads: 4,
    lone: 'pass',
    whole: 'row',
  },
  ram: {
    summary: 'Keeps what one model alone has changed, averages what several have.',
    source: 'RAM, Yuan et al. 2026, arXiv:2601.13572',
    base: 'required',
    inputs: { minimum: 1 },
    shared: { epsilon: active },
    perInput: {},
    reads: 1,
    lone: 'error',
  },
  ramplus_tl: {
    summary: 'RAM that strengthens what one model alone has changed, by its overlap with the others in each tensor.',
    source: 'RAM, Yuan et al. 2026, arXiv:2601.13572',
    base: 'required',
    inputs: { minimum: 1 },
    shared: {
      r: { type: 'number', default: 0.1, meaning: 'how much the overlap strengthens' },
      alpha: { type: 'number', default: 0.2, minimum: 0, meaning: 'greatest overlap that counts' },
      epsilon: active,
    },
    perInput: {},
    reads: 2,
    lone: 'error',
  },
  passthrough: {
    summary: 'Takes one model as it is, scaled if asked.',
    source: 'layer stacking',
    base: 'ignored',
    inputs: { minimum: 1, maximum: 1 },
    shared: {},
    perInput: { scale: { type: 'number', default: 1, meaning: 'factor of the tensor' } },
    reads: 1,
    lone: 'merge-present',
  },
} as const satisfies Record<string, MethodSpec>;

export const methodNames = Object.keys(methods) as [keyof typeof methods, ...(keyof typeof methods)[]];
export const MethodName = z.enum(methodNames);
export type MethodName = z.infer<typeof MethodName>;

/** The method's entry seen through the common type. */
export const methodSpec = (name: MethodName): MethodSpec => methods[name];
