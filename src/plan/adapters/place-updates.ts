import { dtypeBytes } from '../../hub/safetensors-header.js';
import type { AdapterStep, Estimate, StepOutput } from '../../protocol/plan.js';
import type { OutputTensor } from '../layout.js';
import { threads } from '../peak-memory.js';
import type { DraftedUpdate } from './draft-updates.js';

/** The factors that are stored, A and B of one update after the other. */
export const factorTensors = (updates: readonly DraftedUpdate[]): OutputTensor[] =>
  updates.flatMap(({ to }) => (typeof to === 'number' ? [] : [to.a, to.b]));

/** The merged updates with the places that `factorTensors` were given. */
export const placeUpdates = (updates: readonly DraftedUpdate[], outputs: readonly StepOutput[]): AdapterStep[] => {
  let next = 0;
  return updates.flatMap(({ step, to }): AdapterStep[] => {
    if (typeof to === 'number') return [{ ...step, factors: null, step: to }];
    const [a, b] = [outputs[next], outputs[next + 1]];
    next += 2;
    return a === undefined || b === undefined ? [] : [{ ...step, factors: { a, b }, step: null }];
  });
};

/** Multiplications of one core in a second, in float64. */
const multiplications = 5e9;

/** Factors of an update and of those that it is made of, together: numbers, and their total rank. */
const factorsOf = ({ base, inputs, shape, rank }: AdapterStep) => {
  const pairs = [...(base === null ? [] : [base]), ...inputs].flatMap(({ lora }) => lora ?? []);
  const [rows = 1, columns = 1] = shape;
  const width = pairs.reduce((sum, { a }) => sum + (a.shape[0] ?? 0), 0) + rank;
  return { pairs, elements: rows * columns, width, factors: width * (rows + columns) };
};

/** Bytes of the factors that an update is made of. */
export const bytesOfFactors = (step: AdapterStep): number =>
  factorsOf(step).pairs.reduce((sum, { a, b }) => sum + a.bytes + b.bytes, 0);

/** What one thread holds while it merges the most demanding update, bytes. */
export const bytesOfUpdates = (steps: readonly AdapterStep[]): number =>
  steps.reduce((most, step) => {
    const { elements, factors } = factorsOf(step);
    const held = step.mode === 'delta' ? elements * dtypeBytes.F32 : 0;
    return Math.max(most, 4 * factors * dtypeBytes.F64 + held);
  }, 0);

/** The estimate with what merging the updates reads, holds and takes. */
export const withUpdates = (estimate: Estimate, steps: readonly AdapterStep[]): Estimate => {
  let { bytesRead, seconds } = estimate;
  for (const step of steps) {
    const { elements, width, factors } = factorsOf(step);
    bytesRead += bytesOfFactors(step);
    // Twenty products of the update with as many columns as all ranks make it thin again.
    const work = step.mode === 'delta' ? 20 * elements * width : 8 * factors * width;
    seconds += work / multiplications / threads;
  }
  return { ...estimate, bytesRead, peakMemory: estimate.peakMemory + threads * bytesOfUpdates(steps), seconds };
};
