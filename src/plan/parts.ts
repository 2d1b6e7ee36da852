import type { MergePart } from '../protocol/messages.js';
import type { Plan, StepOutput } from '../protocol/plan.js';
import { bytesOfFactors } from './adapters/place-updates.js';
import { bytesReadBy } from './steps.js';

/** An output tensor, or the factors of an update, which are never divided. */
type Unit = {
  readonly kind: 'steps' | 'adapterSteps';
  readonly index: number;
  readonly place: StepOutput;
  /** Bytes read and written. */
  readonly bytes: number;
};

const allUnits = ({ steps, adapterSteps }: Plan): Unit[] => [
  ...steps.map((step, index): Unit => {
    return { kind: 'steps', index, place: step.output, bytes: bytesReadBy(step) + step.output.bytes };
  }),
  ...adapterSteps.flatMap((step, index): Unit[] => {
    const { factors } = step;
    if (factors === null) return [];
    const bytes = bytesOfFactors(step) + factors.a.bytes + factors.b.bytes;
    return [{ kind: 'adapterSteps', index, place: factors.a, bytes }];
  }),
];

const unitsOf = (plan: Plan, within: MergePart | null): Unit[] => {
  if (within === null) return allUnits(plan);
  const chosen = { steps: new Set(within.steps), adapterSteps: new Set(within.adapterSteps) };
  return allUnits(plan).filter(({ kind, index }) => chosen[kind].has(index));
};

/**
 * The plan, or a part of it, in `count` parts that can be done in any order. Each is what follows the one before it in the output files;
 * their bytes differ by no more than the largest tensor's. Depends on nothing but these.
 */
export const partsOf = (plan: Plan, count: number, within: MergePart | null = null): MergePart[] => {
  const units = unitsOf(plan, within).sort(
    (one, other) => one.place.shard - other.place.shard || one.place.offset - other.place.offset,
  );
  // One more for each, so that tensors without bytes have a place as well.
  const total = units.reduce((sum, { bytes }) => sum + bytes + 1, 0);
  const parts = Array.from({ length: count }, (): MergePart => ({ steps: [], adapterSteps: [] }));
  let before = 0;
  for (const { kind, index, bytes } of units) {
    const middle = (before + (bytes + 1) / 2) / total;
    parts[Math.min(count - 1, Math.floor(count * middle))]?.[kind].push(index);
    before += bytes + 1;
  }
  return parts;
};

/** A tensor of the output, by what people call it, and its place. */
export type Place = StepOutput & { readonly tensor: string };

/** What a part makes, in the order of its numbers. */
export const placesOf = ({ steps, adapterSteps }: Plan, part: MergePart): Place[] => [
  ...part.steps.flatMap((index) => {
    const step = steps[index];
    return step === undefined ? [] : [{ ...step.output, tensor: step.tensor }];
  }),
  ...part.adapterSteps.flatMap((index) => {
    const { factors, tensor } = adapterSteps[index] ?? {};
    return factors ? [factors.a, factors.b].map((output) => ({ ...output, tensor: `the update of ${tensor}` })) : [];
  }),
];
