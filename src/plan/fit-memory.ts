import type { Plan } from '../protocol/plan.js';
import { bytesOfUpdates } from './adapters/place-updates.js';
import { defaultChunk, type MemoryNeed, memoryNeed } from './peak-memory.js';

/** How the worker streams: none of it changes a bit of the result. */
export type Streaming = { readonly threads: number; readonly chunkElements: number };

export type FittedStreaming = Streaming & {
  /** Predicted peak of the worker's anonymous memory, bytes; above the limit where nothing is below it. */
  readonly peakMemory: number;
};

/** Small chunks cost less time than idle cores, and below these they cost more. */
const chunks = [defaultChunk, defaultChunk / 2, defaultChunk / 4, defaultChunk / 8];

export type MemoryLimit = {
  /** Bytes. */
  readonly limit: number;
  /** Most threads. */
  readonly threads: number;
  /** Whether no fewer will do. */
  readonly fixed: boolean;
};

/** What chunks of so many elements need. */
export type ChunkNeed = MemoryNeed & { readonly chunkElements: number };

/** The most threads, with the first of the chunks, whose memory keeps to a limit; else what needs least. */
export const fitNeeds = (needs: readonly ChunkNeed[], { limit, threads, fixed }: MemoryLimit): FittedStreaming => {
  let least: FittedStreaming = { threads, chunkElements: defaultChunk, peakMemory: 0 };
  for (let count = threads; count >= (fixed ? threads : 1); count--) {
    for (const { chunkElements, shared, perThread } of needs) {
      const peakMemory = shared + count * perThread;
      least = { threads: count, chunkElements, peakMemory };
      if (peakMemory <= limit) return least;
    }
  }
  return least;
};

/** The most threads, with the largest chunks, whose predicted memory keeps to a limit; else what needs least. */
export const fitMemory = (plan: Plan, limit: MemoryLimit): FittedStreaming => {
  const updates = bytesOfUpdates(plan.adapterSteps);
  const needs = chunks.map((chunkElements) => {
    const { shared, perThread } = memoryNeed(plan, chunkElements);
    return { chunkElements, shared, perThread: perThread + updates };
  });
  return fitNeeds(needs, limit);
};
