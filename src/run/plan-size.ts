import type { Plan } from '../protocol/plan.js';

/** What a merge has to make. */
export const sizeOf = ({ steps, adapterSteps }: Plan): { bytesTotal: number; tensorsTotal: number } => {
  const stored = adapterSteps.flatMap(({ factors }) => factors ?? []);
  return {
    bytesTotal:
      steps.reduce((sum, { output }) => sum + output.bytes, 0) +
      stored.reduce((sum, { a, b }) => sum + a.bytes + b.bytes, 0),
    tensorsTotal: steps.length + stored.length,
  };
};

/** Whether the output is an adapter, and not a model by itself. */
export const makesAdapter = ({ adapterSteps }: Plan): boolean => adapterSteps.some(({ factors }) => factors !== null);
