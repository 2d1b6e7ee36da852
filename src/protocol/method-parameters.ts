import type { ParameterSpec } from './method-spec.js';

export const weight: ParameterSpec = { type: 'number', meaning: "factor of this model's task vector" };
export const density: ParameterSpec = {
  type: 'number',
  default: 1,
  minimum: 0,
  maximum: 1,
  meaning: 'share of the task vector that is kept',
};
export const gamma: ParameterSpec = {
  type: 'number',
  default: 0.01,
  minimum: 0,
  maximum: 1,
  meaning: 'share of the largest entries that is dropped',
};
export const epsilon: ParameterSpec = {
  type: 'number',
  default: 0.15,
  minimum: 0,
  maximum: 1,
  meaning: 'probabilities of keeping an entry are density ± epsilon',
};
export const active: ParameterSpec = {
  type: 'number',
  default: 1e-5,
  minimum: 0,
  meaning: 'smaller changes are taken for none',
};

const rescales = ['none', 'l1', 'inverse_density'] as const;

type Defaults = {
  readonly normalize: boolean;
  readonly rescale: boolean;
  /** Ways to rescale besides those of the whole family. */
  readonly also?: readonly string[];
};

export const taskArithmetic = ({ normalize, rescale, also = [] }: Defaults) =>
  ({
    normalize: {
      type: 'boolean',
      default: normalize,
      meaning: 'divide by the sum of the weights that took part',
    },
    rescale: {
      type: 'choice',
      choices: [...rescales, ...also],
      flags: { true: 'l1', false: 'none' },
      default: rescale ? 'l1' : 'none',
      meaning: "make up for what was dropped, by each task vector's L1 norm or its density",
    },
    lambda: { type: 'number', default: 1, meaning: 'factor of the merged task vector' },
    int8_mask: { type: 'boolean', default: false, meaning: 'accepted for compatibility; changes no number' },
  }) satisfies Record<string, ParameterSpec>;
