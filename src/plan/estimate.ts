import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Estimate, Operation, ParameterValues, Plan, Step } from '../protocol/plan.js';
import { peakMemory, threads } from './peak-memory.js';
import { bytesReadBy, inputsOf } from './steps.js';

/** Bytes a second that files are read and written with; measured on two cores with warm files. */
const fileRate = 3_000_000_000;

/** Nanoseconds of one core for each element of each input; measured on 1.1 B parameters in bfloat16. */
const costs: Partial<Record<MethodName, number>> = {
  linear: 1.4,
  passthrough: 1.4,
  task_arithmetic: 1.4,
  slerp: 3.6,
  model_stock: 2.9,
  dare_linear: 7,
  dare_ties: 7.4,
  ties: 9.1,
};

/** Times that an operation reads its inputs: fewer where its parameters make statistics of whole tensors needless. */
const readsOf = ({ method, shared, perInput }: Operation): number => {
  const { reads } = methodSpec(method);
  if (method === 'nuslerp' && shared.nuslerp_flatten !== true && shared.nuslerp_row_wise !== true) return 1;
  const isWhole = ({ density }: ParameterValues): boolean => Number(density ?? 0) >= 1;
  return perInput.length > 0 && perInput.every(isWhole) ? 1 : reads;
};

/** What an operation costs; a method that was not measured by how often it reads its inputs. */
const costOf = (operation: Operation): number => {
  const { reads } = methodSpec(operation.method);
  return (costs[operation.method] ?? 3 * reads) * (readsOf(operation) / reads);
};

const elementsOf = ({ shape }: Step): number => shape.reduce((product, size) => product * size, 1);

/** What a plan will read, write, hold and take. */
export const estimatePlan = ({
  steps,
  operations,
  shards,
  rowMaps,
}: Pick<Plan, 'steps' | 'operations' | 'shards' | 'rowMaps'>): Estimate => {
  let bytesRead = 0;
  let nanoseconds = 0;
  for (const step of steps) {
    const all = inputsOf(step);
    bytesRead += bytesReadBy(step);
    const operation = step.operation === null ? undefined : operations[step.operation];
    if (operation !== undefined) nanoseconds += costOf(operation) * elementsOf(step) * all.length;
  }
  const bytesWritten = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  return {
    bytesRead,
    bytesWritten,
    peakMemory: peakMemory(steps, operations, rowMaps),
    seconds: Math.max(nanoseconds / 1e9 / threads, (bytesRead + bytesWritten) / fileRate),
  };
};
