import { spell } from './architecture.js';
import { findTensor } from './find-tensor.js';
import { layerPosition } from './layer-place.js';
import {
  type Describe,
  type LeftOver,
  type Outline,
  type OutlinedTensor,
  referenceOf,
  type Scope,
  viewsOf,
} from './outline.js';
import type { SliceRoles } from './roles.js';
import type { TensorName } from './tensor-name.js';
import { isBeforeLayers, isOptional } from './tensor-roles.js';

/** Keys of the output heads, which models that tie theirs to the embedding lack. */
const headsOf = ({ all }: SliceRoles, describe: Describe): ReadonlySet<string> =>
  new Set(all.flatMap((participant) => describe(participant)?.head ?? []));

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
      if (reference.views.has(name.key) || extra.has(name.key) || !covers(name)) continue;
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

/** Tensors outside the layers, of one half: before them or after them. */
export const outlineLoose = (scope: Scope, half: 'before' | 'after'): Outline =>
  outlineByName({
    ...scope,
    covers: (name) => scope.covers(name) && isBeforeLayers(name.key) === (half === 'before'),
  });
