import { dtypeBytes } from '../hub/safetensors-header.js';
import type { Plan, Step } from '../protocol/plan.js';
import { bytesOfUpdates } from './adapters/place-updates.js';
import { type FittedStreaming, fitNeeds, type MemoryLimit } from './fit-memory.js';
import { chunkOf, memoryNeed } from './peak-memory.js';
import { inputsOf } from './steps.js';

/** Threads that feed a GPU when nothing else is asked for. */
export const gpuThreads = 2;

const chunks = [1_048_576, 524_288, 262_144, 131_072, 65_536];

/** What CUDA itself takes of a process's memory. Assumed, not measured. */
const cudaBytes = 500_000_000;

/** Of each input and of the output, in pinned memory and on the device. */
const buffersOnEitherSide = 2;

/** What travels to the GPU for an element of the output, and back, bytes. */
const bytesPerElement = (step: Step): number =>
  inputsOf(step).reduce((sum, { parts }) => sum + dtypeBytes[parts[0]?.dtype ?? 'F32'], dtypeBytes[step.output.dtype]);

/** Buffers of one thread at its most demanding step, on both sides of the bus. */
const travelling = ({ steps, operations }: Plan, chunkElements: number): number =>
  steps.reduce((most, step) => {
    const operation = step.operation === null ? undefined : operations[step.operation];
    if (operation === undefined) return most;
    const elements = chunkOf(operation, step.shape, chunkElements);
    return Math.max(most, 2 * buffersOnEitherSide * elements * bytesPerElement(step));
  }, 0);

/** As `fitMemory`, for a worker on a GPU: its memory here and that on the GPU together. */
export const fitGpuMemory = (plan: Plan, limit: MemoryLimit): FittedStreaming => {
  const updates = bytesOfUpdates(plan.adapterSteps);
  const needs = chunks.map((chunkElements) => {
    const { shared, perThread } = memoryNeed(plan, chunkElements);
    return {
      chunkElements,
      shared: shared + cudaBytes,
      perThread: perThread + updates + travelling(plan, chunkElements),
    };
  });
  return fitNeeds(needs, limit);
};
