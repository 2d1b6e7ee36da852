import type { Fault, FaultDescription } from '../fault.js';
import type { Operation } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';

/** Methods that divide by the sum of the weights, and the parameter that asks for it. */
const dividing: Readonly<Record<string, string>> = { linear: 'normalize', multislerp: 'normalize_weights' };

const cancelled = ({ method, shared, perInput }: Operation): FaultDescription | null => {
  const flag = dividing[method];
  if (flag === undefined || shared[flag] !== true) return null;
  if (perInput.reduce((sum, { weight }) => sum + Number(weight), 0) !== 0) return null;
  const message = `the weights add up to 0, and \`${flag}\` would divide by that`;
  return { code: 'weights-cancel', message, hint: `set \`${flag}: false\`` };
};

/** DELLA keeps entries with probabilities from density - epsilon to density + epsilon. */
const outsideProbability = ({ method, perInput }: Operation): FaultDescription | null => {
  if (method !== 'della' && method !== 'della_linear') return null;
  const wrong = perInput.find(({ density, epsilon }) => {
    const [low, high] = [Number(density) - Number(epsilon), Number(density) + Number(epsilon)];
    return Number(density) > 0 && Number(density) < 1 && (low <= 0 || high >= 1);
  });
  if (wrong === undefined) return null;
  const message = `density ${wrong.density} ± epsilon ${wrong.epsilon} leaves the range from 0 to 1 that probabilities have`;
  return { code: 'invalid-parameter', message, hint: 'choose a smaller epsilon' };
};

const shrunk = ({ method, shared }: Operation): FaultDescription | null =>
  method === 'slerp' && shared.norm === 'unit'
    ? {
        severity: 'warning',
        code: 'unit-norm',
        message: '`norm: unit` gives every tensor the length 1, which destroys a model of full weights',
        hint: 'use `norm: preserve` or `interp` unless only the direction is wanted',
      }
    : null;

/** Faults of resolved values that no single parameter shows; each kind once. */
export const checkValues = (recipe: Recipe, operations: readonly Operation[]): Fault[] => {
  const path = recipe.modules[0]?.path ?? [];
  // Factors of adapters are not weights: what unit norm does to them is told where it is chosen.
  const checks =
    recipe.adapters.mode === 'delta' ? [cancelled, outsideProbability, shrunk] : [cancelled, outsideProbability];
  return checks.flatMap((check) => {
    const found = operations.map(check).find((description) => description !== null);
    return found === undefined || found === null ? [] : [recipe.source.faultAt(path, found, 'key')];
  });
};
