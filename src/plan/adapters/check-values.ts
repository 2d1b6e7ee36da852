import type { Fault } from '../../fault.js';
import type { Operation } from '../../protocol/plan.js';
import type { Recipe } from '../../recipe/recipe.js';
import type { Participant } from '../roles.js';
import { askedAt, isInAdapterSpace } from './space.js';

/** Weights of an average that do not add up to 1 also weigh the base under the adapters. */
const weighedBase = (recipe: Recipe, operations: readonly Operation[]): Fault[] => {
  const sums = operations
    .filter(({ method, shared }) => method === 'linear' && shared.normalize === false)
    .map(({ perInput }) => perInput.reduce((sum, { weight }) => sum + Number(weight), 0));
  const other = sums.find((sum) => Math.abs(sum - 1) > 1e-6);
  if (other === undefined) return [];
  const message = `the weights add up to ${Number(other.toPrecision(6))}, and the base under the adapters is multiplied by that`;
  const hint = '`adapter_mode: concat` adds the weighted updates to the base as it is';
  return [recipe.source.faultAt(askedAt(recipe), { severity: 'warning', code: 'adapter-base-weighed', message, hint })];
};

/** What the values of parameters ask for that adapters cannot give, or that is hardly meant. */
export const checkAdapterValues = (
  recipe: Recipe,
  operations: readonly Operation[],
  participants: readonly Participant[],
): Fault[] => {
  if (!isInAdapterSpace(recipe)) {
    const areAdapters = participants.every(({ opened }) => opened !== null && opened.adapter !== null);
    return areAdapters ? weighedBase(recipe, operations) : [];
  }
  if (operations.every(({ shared }) => shared.trim_scope !== 'model')) return [];
  const message = 'factors are merged weight by weight, so that no model is trimmed as a whole';
  return [recipe.source.faultAt(askedAt(recipe), { code: 'adapter-trim', message, hint: 'set `trim_scope: tensor`' })];
};
