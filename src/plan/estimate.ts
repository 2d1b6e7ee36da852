import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { Estimate, Operation, Shard, Step, StepInput } from '../protocol/plan.js';
import { inputsOf, rangesOf } from './steps.js';

/** The worker's defaults, which the prediction assumes. */
const chunkElements = 262_144;
const threads = 2;

/** Anonymous memory of a Python process that has imported torch and streams nothing yet, bytes. */
const torchBytes = 165_000_000;

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

/** What a method costs that was not measured: by how often it reads its inputs. */
const costOf = (method: MethodName): number => costs[method] ?? 3 * methodSpec(method).reads;

const bytesOfInput = (input: StepInput): number => rangesOf(input).reduce((sum, { bytes }) => sum + bytes, 0);

const elementsOf = ({ shape }: Step): number => shape.reduce((product, size) => product * size, 1);

/** What a plan will read, write, hold and take. */
export const estimatePlan = (
  steps: readonly Step[],
  operations: readonly Operation[],
  shards: readonly Shard[],
): Estimate => {
  let bytesRead = 0;
  let nanoseconds = 0;
  let mostInputs = 1;
  let mostLora = 0;
  for (const step of steps) {
    const all = inputsOf(step);
    bytesRead += all.reduce((sum, input) => sum + bytesOfInput(input), 0);
    const method = step.operation === null ? undefined : operations[step.operation]?.method;
    if (method !== undefined) nanoseconds += costOf(method) * elementsOf(step) * all.length;
    mostInputs = Math.max(mostInputs, all.length);
    const lora = all.reduce((sum, each) => sum + (each.lora === null ? 0 : each.lora.a.bytes + each.lora.b.bytes), 0);
    mostLora = Math.max(mostLora, 2 * lora);
  }
  const bytesWritten = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const perThread = chunkElements * 4 * (3 * mostInputs + 8) + mostLora;
  return {
    bytesRead,
    bytesWritten,
    peakMemory: torchBytes + threads * perThread,
    seconds: Math.max(nanoseconds / 1e9 / threads, (bytesRead + bytesWritten) / fileRate),
  };
};
