import type { Emit } from '../events.js';
import type { ProgressNotification } from '../protocol/messages.js';
import type { Plan } from '../protocol/plan.js';
import { sizeOf } from './plan-size.js';

/** Tells a merge in memory, of which only progress is known; nothing is told of one that was not needed. */
export const tellMerge = (plan: Plan, emit: Emit, now: () => number = Date.now) => {
  const { bytesTotal, tensorsTotal } = sizeOf(plan);
  let begunAt: number | null = null;
  let latestAt = 0;
  let peakMemory = 0;
  return {
    progress: ({ bytesDone, tensorsDone, tensor, memory }: ProgressNotification): void => {
      if (begunAt === null) {
        begunAt = now();
        emit({ type: 'merge-started', bytesTotal, tensorsTotal });
      }
      latestAt = now();
      peakMemory = Math.max(peakMemory, memory);
      emit({ type: 'merge-progress', bytesDone, tensorsDone, tensor, memory });
    },
    /** To be called when something else goes on; the first call counts. */
    finish: (): void => {
      if (begunAt === null) return;
      const seconds = (latestAt - begunAt) / 1000;
      begunAt = null;
      const { bytesRead } = plan.estimate;
      emit({ type: 'merge-finished', tensors: tensorsTotal, bytesRead, bytesWritten: 0, seconds, peakMemory });
    },
  };
};
