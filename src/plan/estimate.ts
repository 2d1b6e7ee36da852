import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Estimate, Operation, ParameterValues, Plan, Step } from '../protocol/plan.js';
import { peakMemory, threads } from './peak-memory.js';
import { bytesReadBy, inputsOf } from './steps.js';

/** Bytes a second that reach the disk while others are read. */
const writeRate = 2_200_000_000;

/** Nanoseconds of one core for each byte of the output, copied or calculated. */
const writeCost = 0.3;

/**
 * Nanoseconds of one core, with the kernel's share, for each element of each input: from merges of 1.1 B parameters in
 * bfloat16 on two cores, with warm files and compiled kernels.
 */
const costs: Partial<Record<MethodName, number>> = {
  linear: 0.65,
  task_arithmetic: 0.5,
  slerp: 1,
  nearswap: 0.7,
  nuslerp: 0.9,
  multislerp: 1,
  karcher: 1.1,
  model_stock: 1.1,
  ram: 0.55,
  dare_linear: 0.9,
  dare_ties: 1,
  ties: 1.5,
  breadcrumbs: 1.9,
  breadcrumbs_ties: 1.9,
  sce: 1.9,
  della: 2.6,
  della_linear: 2.6,
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
  return (costs[operation.method] ?? reads) * (readsOf(operation) / reads);
};

const elementsOf = ({ shape }: Step): number => shape.reduce((product, size) => product * size, 1);

/** No merge takes less, whatever the number of threads. */
const secondsToWrite = (bytesWritten: number): number => bytesWritten / writeRate;

/** What a plan will read, write and hold, and about how long it takes on two cores. */
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
  nanoseconds += writeCost * bytesWritten;
  return {
    bytesRead,
    bytesWritten,
    peakMemory: peakMemory(steps, operations, rowMaps),
    seconds: Math.max(secondsToWrite(bytesWritten), nanoseconds / 1e9 / threads),
  };
};

/** The seconds of an estimate with so many threads of a processor: these share all but the disk. */
export const secondsWith = ({ seconds, bytesWritten }: Estimate, count: number): number =>
  Math.max(secondsToWrite(bytesWritten), (seconds * threads) / count);
