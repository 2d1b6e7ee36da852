import type { Architecture } from './architecture.js';
import { findTensor } from './find-tensor.js';
import type { Participant, SliceRoles } from './roles.js';
import type { TensorName } from './tensor-name.js';
import type { TensorView } from './tensor-view.js';

/** A tensor of the output before it is decided how its inputs go together. */
export type OutlinedTensor = {
  readonly name: string;
  readonly key: string;
  readonly kind: string;
  readonly isLoose: boolean;
  /** Position among the layers, 0 to 1. */
  readonly t: number;
  readonly roles: SliceRoles;
  /** Per participant, null where it lacks the tensor. */
  readonly views: readonly (TensorView | null)[];
  /** Names that filters of per-model parameters are tested on, per participant; null: the output's name. */
  readonly sourceNames: readonly string[] | null;
};

/** A tensor of one participant that has no place in the output. */
export type LeftOver = { readonly participant: Participant; readonly name: TensorName };

export type Outline = { readonly tensors: OutlinedTensor[]; readonly leftOver: LeftOver[] };

export type Describe = (participant: Participant) => Architecture | null;

/** The model whose names, order and layers the output has: the donor where it takes part, else the base, else the first. */
export const referenceOf = ({ all }: SliceRoles, describe: Describe, donor: Architecture): Architecture | null => {
  const known = all.flatMap((participant) => describe(participant) ?? []);
  return known.find(({ model }) => model === donor.model) ?? known[0] ?? null;
};

/** Each participant's tensor, under its own key for it. */
export const viewsOf = (roles: SliceRoles, describe: Describe, keyFor: (index: number) => string, isHeadKey: boolean) =>
  roles.all.map((participant, index) => {
    const architecture = describe(participant);
    return architecture === null ? null : findTensor(architecture, keyFor(index), isHeadKey);
  });

export type Scope = {
  readonly roles: SliceRoles;
  readonly describe: Describe;
  readonly donor: Architecture;
  /** Which tensors belong here. */
  readonly covers: (name: TensorName) => boolean;
  /** Layers that some model lacks are made without it; else they are a fault of their own, and left out here. */
  readonly isSkipping: boolean;
};
