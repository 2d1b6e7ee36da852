import type { Plan } from '../protocol/plan.js';
import { bytesOfUpdates } from './adapters/place-updates.js';
import { defaultChunk, memoryNeed } from './peak-memory.js';

/** How the worker streams: none of it changes a bit of the result. */
export type Streaming = { readonly threads: number; readonly chunkElements: number };

export type FittedStreaming = Streaming & {
  /** Predicted peak of the worker's anonymous memory, bytes; above the limit where nothing is below it. */
  readonly peakMemory: number;
};

/** Small chunks cost less time than idle cores, and below these they cost more. */
const chunks = [defaultChunk, defaultChunk / 2, defaultChunk / 4];

export type MemoryLimit = {
  /** Bytes. */
  readonly limit: number;
  /** Most threads. */
  readonly threads: number;
  /** Whether no fewer will do. */
  readonly fixed: boolean;
};

/** The most threads, with the largest chunks, whose predicted memory keeps to a limit; else what needs least. */
export const fitMemory = (plan: Plan, { limit, threads, fixed }: MemoryLimit): FittedStreaming => {
  const updates = bytesOfUpdates(plan.adapterSteps);
  const needs = chunks.map((chunkElements) => ({ chunkElements, ...memoryNeed(plan, chunkElements) }));
  let least: FittedStreaming | undefined;
  for (let count = threads; count >= (fixed ? threads : 1); count--) {
    for (const { chunkElements, shared, perThread } of needs) {
      const peakMemory = shared + count * (perThread + updates);
      least = { threads: count, chunkElements, peakMemory };
      if (peakMemory <= limit) return least;
    }
  }
  return least ?? { threads, chunkElements: defaultChunk, peakMemory: plan.estimate.peakMemory };
};
