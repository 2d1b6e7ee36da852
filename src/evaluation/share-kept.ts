import type { ShareKept } from '../events.js';
import type { TaskResult } from '../protocol/messages.js';
import { differences, estimateOf, ratioOfMeans } from './statistics.js';

/**
 * The merge's share of what a parent gained over the base, on the task on which it gained most:
 * (merge - base) / (parent - base). Null where that gain is not above two standard errors.
 */
export const shareKept = (
  parent: readonly TaskResult[],
  base: readonly TaskResult[],
  merge: readonly TaskResult[],
): ShareKept | null => {
  const gains = parent.flatMap(({ task, scores }, index) => {
    const gained = differences(scores, base[index]?.scores ?? []);
    const kept = differences(merge[index]?.scores ?? [], base[index]?.scores ?? []);
    return gained === null || kept === null ? [] : [{ task, gained, kept, ...estimateOf(gained) }];
  });
  const [most] = gains.sort((a, b) => b.value - a.value);
  if (most === undefined || most.error === null || most.value <= 2 * most.error) return null;
  const { value, error } = ratioOfMeans(most.kept, most.gained);
  return { task: most.task, share: value, error };
};
