import { methodSpec } from '../protocol/methods.js';
import type { Estimate, Operation, Shard, Step, StepInput } from '../protocol/plan.js';
import { inputsOf, rangesOf } from './steps.js';

/** The worker's defaults, which the prediction assumes. */
const chunkElements = 262_144;
const threads = 2;

/** Anonymous memory of a Python process that has imported torch, bytes. */
const torchBytes = 260_000_000;

/** Bytes a second that one merge streams per pass over its inputs; measured on two cores with warm files. */
const streamRate = 1_500_000_000;

const bytesOfInput = (input: StepInput): number => rangesOf(input).reduce((sum, { bytes }) => sum + bytes, 0);

/** What a plan will read, write, hold and take. */
export const estimatePlan = (
  steps: readonly Step[],
  operations: readonly Operation[],
  shards: readonly Shard[],
): Estimate => {
  let bytesRead = 0;
  let streamed = 0;
  let mostInputs = 1;
  let mostLora = 0;
  for (const step of steps) {
    const { operation } = step;
    const all = inputsOf(step);
    const bytes = all.reduce((sum, input) => sum + bytesOfInput(input), 0);
    const method = operation === null ? undefined : operations[operation]?.method;
    bytesRead += bytes;
    streamed += bytes * (method === undefined ? 1 : methodSpec(method).reads);
    mostInputs = Math.max(mostInputs, all.length);
    mostLora = Math.max(
      mostLora,
      all.reduce((sum, { lora }) => sum + (lora === null ? 0 : 2 * (lora.a.bytes + lora.b.bytes)), 0),
    );
  }
  const bytesWritten = shards.reduce((sum, shard) => sum + shard.bytes, 0);
  const perThread = chunkElements * 4 * (3 * mostInputs + 8) + mostLora;
  return {
    bytesRead,
    bytesWritten,
    peakMemory: torchBytes + threads * perThread,
    seconds: (streamed + bytesWritten) / streamRate,
  };
};
