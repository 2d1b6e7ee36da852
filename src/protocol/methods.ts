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

export type MethodSpec = {
  /** One sentence for people. */
  readonly summary: string;
  readonly source: string;
  /** `ignored`: a base model is one more input. */
  readonly base: 'required' | 'ignored';
  /** Number of inputs without the base. */
  readonly inputs: { readonly minimum: number; readonly maximum?: number };
  readonly shared: Readonly<Record<string, ParameterSpec>>;
  readonly perInput: Readonly<Record<string, ParameterSpec>>;
  /** Times each input is read: once to combine, more to gather statistics of whole tensors first. */
  readonly reads: number;
};

const weight: ParameterSpec = { type: 'number', meaning: "factor of this model's task vector" };
const density: ParameterSpec = {
  type: 'number',
  default: 1,
  minimum: 0,
  maximum: 1,
  meaning: 'share of the task vector that is kept',
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
  },
  slerp: {
    summary: 'Spherical interpolation from the base to one other model.',
    source: 'Shoemake 1985',
    base: 'required',
    inputs: { minimum: 1, maximum: 1 },
    shared: { t: { type: 'number', meaning: 'position: 0 is the base, 1 the other model' } },
    perInput: {},
    reads: 2,
  },
  task_arithmetic: {
    summary: 'Adds weighted task vectors (model minus base) to the base.',
    source: 'Ilharco et al. 2023, arXiv:2212.04089',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: false }),
    perInput: { weight, density },
    reads: 1,
  },
  ties: {
    summary: 'Trims each task vector by magnitude, elects a sign per parameter, merges those that agree.',
    source: 'Yadav et al. 2023, arXiv:2306.01708',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: true, rescale: false }),
    perInput: { weight, density },
    reads: 3,
  },
  dare_linear: {
    summary: 'Drops entries of each task vector at random, rescales the rest, adds them.',
    source: 'Yu et al. 2024, arXiv:2311.03099',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: true }),
    perInput: { weight, density },
    reads: 2,
  },
  dare_ties: {
    summary: 'Drops entries of each task vector at random, rescales the rest, then elects signs as TIES does.',
    source: 'Yu et al. 2024, arXiv:2311.03099; Yadav et al. 2023, arXiv:2306.01708',
    base: 'required',
    inputs: { minimum: 1 },
    shared: taskArithmetic({ normalize: false, rescale: true }),
    perInput: { weight, density },
    reads: 2,
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
  },
  passthrough: {
    summary: 'Takes one model as it is, scaled if asked.',
    source: 'layer stacking',
    base: 'ignored',
    inputs: { minimum: 1, maximum: 1 },
    shared: {},
    perInput: { scale: { type: 'number', default: 1, meaning: 'factor of the tensor' } },
    reads: 1,
  },
} as const satisfies Record<string, MethodSpec>;

export const methodNames = Object.keys(methods) as [keyof typeof methods, ...(keyof typeof methods)[]];
export const MethodName = z.enum(methodNames);
export type MethodName = z.infer<typeof MethodName>;

/** The method's entry seen through the common type. */
export const methodSpec = (name: MethodName): MethodSpec => methods[name];
