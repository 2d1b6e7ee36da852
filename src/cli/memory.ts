import { availableParallelism, freemem } from 'node:os';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes, plural } from '../format.js';
import { fitMemory, type Streaming } from '../plan/fit-memory.js';
import { methodSpec } from '../protocol/methods.js';
import type { Plan } from '../protocol/plan.js';
import type { MemoryFlags } from './memory-flags.js';

const mostByDefault = 2 * 1024 ** 3;

/** Memory that is free here, in a container as well; Node before 20.13 tells only that of the machine. */
const freeMemory = (): number => process.availableMemory?.() ?? freemem();

const outOfReach = (
  { method }: Plan,
  { needed, limit, threads, fixed }: { needed: number; limit: number; threads: number; fixed: boolean },
): UserError => {
  const { whole } = methodSpec(method);
  const why = whole === undefined ? '' : `; ${method} holds whole ${whole}s`;
  return new UserError({
    code: 'memory-limit-too-low',
    message:
      `with ${plural(threads, 'thread')} and the smallest chunks this merge needs ${formatBytes(needed)}, ` +
      `more than the ${formatBytes(limit)} of --max-memory${why}`,
    hint: fixed && threads > 1 ? 'ask for fewer --threads or a higher --max-memory' : 'ask for a higher --max-memory',
    exitCode: exitCodes.outOfMemory,
  });
};

const limitInMemory = (): UserError =>
  new UserError({
    code: 'memory-limit-in-memory',
    message: '--max-memory cannot be kept with --no-save: the whole merge is held in memory',
    hint: 'leave one of them out',
    exitCode: exitCodes.usage,
  });

export type LimitedMerge = MemoryFlags & {
  /** As asked for. */
  readonly threads: number | null;
  /** That merge at once and share the threads and the limit. */
  readonly workers: number;
  /** False: the result stays in memory. */
  readonly saved: boolean;
};

/**
 * The plan with the memory that it will take here, and how to stream so that it keeps to the limit that was asked for,
 * or if it can to the usual one.
 */
export const withinMemory = (
  plan: Plan,
  { maxMemory, threads, workers, saved }: LimitedMerge,
  warn: (message: string) => void,
): { plan: Plan; streaming: Streaming | undefined } => {
  if (!saved) {
    if (maxMemory !== undefined) throw limitInMemory();
    return { plan, streaming: undefined };
  }
  const limit = maxMemory ?? Math.min(mostByDefault, Math.floor(freeMemory() / 4));
  const fixed = threads !== null;
  const each = Math.max(1, Math.floor((threads ?? availableParallelism()) / workers));
  const fitted = fitMemory(plan, { limit: Math.floor(limit / workers), threads: each, fixed });
  const streaming = { threads: fitted.threads, chunkElements: fitted.chunkElements };
  const peakMemory = workers * fitted.peakMemory;
  if (peakMemory > limit) {
    if (maxMemory !== undefined)
      throw outOfReach(plan, { needed: peakMemory, limit, threads: workers * streaming.threads, fixed });
    warn(`this merge needs about ${formatBytes(peakMemory)}, more than ${formatBytes(limit)}, the usual limit here`);
  }
  return { plan: { ...plan, estimate: { ...plan.estimate, peakMemory } }, streaming };
};
