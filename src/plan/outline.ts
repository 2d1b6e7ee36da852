import { type Architecture, type Stack, spell, type TensorName } from './architecture.js';
import { findTensor } from './find-tensor.js';
import { layerPosition } from './layer-place.js';
import type { Participant, SliceRoles } from './roles.js';
import { isBeforeLayers, isOfWholeStack, isOptional } from './tensor-roles.js';
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

const viewsOf = (roles: SliceRoles, describe: Describe, keyFor: (index: number) => string, isHeadKey: boolean) =>
  roles.all.map((participant, index) => {
    const architecture = describe(participant);
    return architecture === null ? null : findTensor(architecture, keyFor(index), isHeadKey);
  });

/** Keys of the output heads, which models that tie theirs to the embedding lack. */
const headsOf = ({ all }: SliceRoles, describe: Describe): ReadonlySet<string> =>
  new Set(all.flatMap((participant) => describe(participant)?.head ?? []));

export type Scope = {
  readonly roles: SliceRoles;
  readonly describe: Describe;
  readonly donor: Architecture;
  /** Which tensors belong here. */
  readonly covers: (name: TensorName) => boolean;
  /** Layers that some model lacks are made without it; else they are a fault of their own, and left out here. */
  readonly isSkipping: boolean;
};

/** Layers that all models have, per stack. */
const commonDepths = ({ all }: SliceRoles, describe: Describe): ReadonlyMap<string, number> => {
  const depths = new Map<string, number>();
  for (const participant of all) {
    for (const { key, layers } of describe(participant)?.stacks.values() ?? []) {
      depths.set(key, Math.min(layers, depths.get(key) ?? layers));
    }
  }
  return depths;
};

/** Tensors under the names that they have in their models; layers are those of the reference. */
export const outlineByName = ({ roles, describe, donor, covers, isSkipping }: Scope): Outline => {
  const reference = referenceOf(roles, describe, donor);
  if (reference === null) return { tensors: [], leftOver: [] };
  const heads = headsOf(roles, describe);
  const depths = commonDepths(roles, describe);
  const isCommon = ({ layer }: TensorName): boolean => {
    const own = layer === null ? 0 : (reference.stacks.get(layer.stack)?.layers ?? 0);
    if (layer === null || isSkipping || layer.index >= own) return true;
    return layer.index < (depths.get(layer.stack) ?? own);
  };
  const outline = (name: TensorName): OutlinedTensor => {
    const { key, kind, layer } = name;
    const depth = layer === null ? 1 : (reference.stacks.get(layer.stack)?.layers ?? 1);
    return {
      name: reference === donor ? name.stored : spell(donor, name, layer?.index ?? null),
      key,
      kind,
      isLoose: layer === null,
      t: layer === null ? 0 : layerPosition(layer.index, depth),
      roles,
      views: viewsOf(roles, describe, () => key, heads.has(key)),
      sourceNames: null,
    };
  };
  const tensors = reference.names.filter((name) => covers(name) && isCommon(name)).map(outline);
  const extra = new Map<string, TensorName>();
  const leftOver: LeftOver[] = [];
  for (const participant of roles.all) {
    const architecture = describe(participant);
    if (architecture === null || architecture === reference) continue;
    for (const name of architecture.names) {
      if (reference.byKey.has(name.key) || extra.has(name.key) || !covers(name)) continue;
      // The reference may have it after all, under a tied name or in another layout.
      if (findTensor(reference, name.key, false) !== null) continue;
      const layers = name.layer === null ? null : reference.stacks.get(name.layer.stack)?.layers;
      const index = name.layer?.index ?? 0;
      const isDeeper = layers !== null && layers !== undefined && index >= layers;
      // Layers that only this model counts are another depth, which is said once.
      if (isDeeper && index < (architecture.stacks.get(name.layer?.stack ?? '')?.layers ?? 0)) continue;
      if (!isDeeper && (isOptional(name.key) || heads.has(name.key))) extra.set(name.key, name);
      else leftOver.push({ participant, name });
    }
  }
  return { tensors: [...tensors, ...[...extra.values()].map(outline)], leftOver };
};

/** Layers of a slice, renumbered from `first` on. */
export const outlineLayers = (
  { roles, describe, donor }: Pick<Scope, 'roles' | 'describe' | 'donor'>,
  stacks: ReadonlyMap<Participant, Stack>,
  donorStack: string,
  first: number,
): OutlinedTensor[] => {
  const starts = roles.all.map(({ written }) => written.layers?.start ?? 0);
  const lengths = roles.all.flatMap((participant) => lengthOf(participant, stacks.get(participant)) ?? []);
  const layers = Math.min(...lengths);
  const reference = referenceOf(roles, describe, donor);
  if (reference === null || lengths.length === 0) return [];
  const isShared = (rest: string): boolean => isOfWholeStack(rest) && roles.all.every(isHeldOnce(stacks, rest));
  const layerOf = (index: number, offset: number, rest: string): number =>
    isShared(rest) ? 0 : (starts[index] ?? 0) + offset;
  const keyOf = (index: number, offset: number, rest: string): string =>
    `${stackKey(roles, stacks, index)}.${layerOf(index, offset, rest)}.${rest}`;
  return Array.from({ length: layers }, (_, offset) => offset).flatMap((offset) => {
    const own = namesAt(roles, stacks, reference, describe, (start) => start + offset);
    const held = own.filter(({ layer }) => !isShared(layer?.rest ?? ''));
    const shared = first + offset === 0 ? namesAt(roles, stacks, reference, describe, () => 0) : [];
    const names = [...held, ...shared.filter(({ layer }) => isShared(layer?.rest ?? ''))];
    return names.map((name): OutlinedTensor => {
      const rest = name.layer?.rest ?? '';
      const kind = `${donorStack}.*.${rest}`;
      const inDonor = { ...name, kind, layer: { stack: donorStack, index: first + offset, rest } };
      return {
        name: spell(donor, inDonor, first + offset),
        key: `${donorStack}.${first + offset}.${rest}`,
        kind,
        isLoose: false,
        t: layerPosition(offset, layers),
        roles,
        views: viewsOf(roles, describe, (index) => keyOf(index, offset, rest), false),
        sourceNames: starts.map((_, index) => spell(donor, inDonor, layerOf(index, offset, rest))),
      };
    });
  });
};

/** Number of layers that a participant brings to its slice, without those that it does not have. */
export const lengthOf = ({ written: { layers } }: Participant, stack: Stack | undefined): number | null => {
  if (stack === undefined) return null;
  return layers === null ? stack.layers : Math.max(0, Math.min(layers.end, stack.layers) - layers.start);
};

const stackKey = (roles: SliceRoles, stacks: ReadonlyMap<Participant, Stack>, index: number): string => {
  const participant = roles.all[index];
  return (participant && stacks.get(participant)?.key) ?? '';
};

/** Whether a participant has a tensor in its first layer alone. */
const isHeldOnce =
  (stacks: ReadonlyMap<Participant, Stack>, rest: string) =>
  (participant: Participant): boolean => {
    const has = (layer: number) => stacks.get(participant)?.names[layer]?.some((name) => name.layer?.rest === rest);
    return has(1) !== true;
  };

/** Names in one layer of a slice: those of the reference, then optional ones that only others have. */
const namesAt = (
  roles: SliceRoles,
  stacks: ReadonlyMap<Participant, Stack>,
  reference: Architecture,
  describe: Describe,
  layerAt: (start: number) => number,
): TensorName[] => {
  const found = new Map<string, TensorName>();
  const own = roles.all.filter((participant) => describe(participant) === reference);
  for (const participant of [...own, ...roles.all]) {
    const layer = layerAt(participant.written.layers?.start ?? 0);
    for (const name of stacks.get(participant)?.names[layer] ?? []) {
      const rest = name.layer?.rest ?? '';
      const isOwn = describe(participant) === reference;
      if (!found.has(rest) && (isOwn || isOptional(name.key))) found.set(rest, name);
    }
  }
  return [...found.values()];
};

/** Tensors outside the layers, of one half: before them or after them. */
export const outlineLoose = (scope: Scope, half: 'before' | 'after'): Outline =>
  outlineByName({
    ...scope,
    covers: (name) => scope.covers(name) && isBeforeLayers(name.key) === (half === 'before'),
  });
