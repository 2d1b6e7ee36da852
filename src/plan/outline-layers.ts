import { type Architecture, type Stack, spell } from './architecture.js';
import { layerPosition } from './layer-place.js';
import { type Describe, type OutlinedTensor, referenceOf, type Scope, viewsOf } from './outline.js';
import type { Participant, SliceRoles } from './roles.js';
import type { TensorName } from './tensor-name.js';
import { isOfWholeStack, isOptional } from './tensor-roles.js';

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
    const held = own.filter(({ rest }) => !isShared(rest));
    const shared = first + offset === 0 ? namesAt(roles, stacks, reference, describe, () => 0) : [];
    const names = [...held, ...shared.filter(({ rest }) => isShared(rest))];
    return names.map((name): OutlinedTensor => {
      const { rest } = name;
      const kind = `${donorStack}.*.${rest}`;
      const inDonor = { ...name, kind, layer: { stack: donorStack, index: first + offset } };
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
    const has = (layer: number) => stacks.get(participant)?.names[layer]?.some((name) => name.rest === rest);
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
      const { rest } = name;
      const isOwn = describe(participant) === reference;
      if (!found.has(rest) && (isOwn || isOptional(name.key))) found.set(rest, name);
    }
  }
  return [...found.values()];
};
