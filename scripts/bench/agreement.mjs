import { fileURLToPath } from 'node:url';
import { measure } from './measure.mjs';

const script = fileURLToPath(new URL('agreement.py', import.meta.url));

/** They drop elements at random, and the two programs draw differently. */
const random = new Set(['dare_linear', 'dare_ties', 'della', 'della_linear']);

/**
 * mergekit computes these recipes in bfloat16, whose rounding among cancelling sums and equal magnitudes moves a merge
 * by up to 0.13 of its distance to the base. A rank or a rule that is not the same moves it by more than half.
 */
const allowedDifference = 0.25;
const allowedSpread = 0.1;

/** What is wrong with two merges of which agreement.py told the root mean squares; null if nothing. */
export const disagreement = (method, { problem = '', difference = 0, one = 0, other = 0 }) => {
  if (problem !== '') return problem;
  if (random.has(method)) {
    const ratio = other / one;
    return Math.abs(ratio - 1) <= allowedSpread ? null : `mergekit's is ${ratio.toFixed(2)} times as far from the base`;
  }
  const share = difference === 0 ? 0 : difference / one;
  return share <= allowedDifference ? null : `they differ by ${share.toFixed(2)} of the distance to the base`;
};

/** Fails unless amalgam and mergekit made the same of a recipe, as far as their rounding and random numbers allow. */
export const checkAgreement = async (method, { ours, theirs, base, python, stop }) => {
  const { output } = await measure(python, [script, ours, theirs, base], { stop });
  const problem = disagreement(method, JSON.parse(output));
  if (problem !== null) throw new Error(`amalgam and mergekit disagree about ${method}: ${problem}`);
};
