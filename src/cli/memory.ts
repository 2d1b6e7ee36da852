import { availableParallelism, freemem } from 'node:os';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes, plural } from '../format.js';
import { secondsWith } from '../plan/estimate.js';
import { type FittedStreaming, fitMemory } from '../plan/fit-memory.js';
import { fitGpuMemory, gpuThreads } from '../plan/gpu-memory.js';
import { methodSpec } from '../protocol/methods.js';
import type { Plan } from '../protocol/plan.js';
import { namedDevices } from '../run/devices.js';
import type { StreamingOn } from '../run/merge.js';
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
  readonly device: string;
  readonly threads: number | null;
  /** False: the result stays in memory. */
  readonly saved: boolean;
};

/**
 * The plan with the memory and the time that it will take here, and how to stream so that it keeps to the limit that was asked for,
 * or if it can to the usual one. Workers that merge at once share it, and the threads of the processor.
 */
export const withinMemory = (
  plan: Plan,
  { maxMemory, device, threads, saved }: LimitedMerge,
  warn: (message: string) => void,
): { plan: Plan; streamingOn: StreamingOn | undefined } => {
  if (!saved) {
    if (maxMemory !== undefined) throw limitInMemory();
    return { plan, streamingOn: undefined };
  }
  const limit = maxMemory ?? Math.min(mostByDefault, Math.floor(freeMemory() / 4));
  const fixed = threads !== null;
  const fitOn = (name: string, workers: number): FittedStreaming => {
    const each = Math.floor(limit / workers);
    const fitted =
      name === 'cpu'
        ? fitMemory(plan, {
            limit: each,
            threads: Math.max(1, Math.floor((threads ?? availableParallelism()) / workers)),
            fixed,
          })
        : fitGpuMemory(plan, { limit: each, threads: threads ?? gpuThreads, fixed });
    const needed = workers * fitted.peakMemory;
    if (needed > limit && maxMemory !== undefined)
      throw outOfReach(plan, { needed, limit, threads: workers * fitted.threads, fixed });
    return { ...fitted, peakMemory: needed };
  };
  const names = namedDevices(device);
  // Whether there is a GPU is known later: what is shown of `auto` is the processor's.
  const shown = names[0] === 'auto' ? 'cpu' : (names[0] ?? 'cpu');
  const { peakMemory, threads: used } = fitOn(shown, names.length);
  if (peakMemory > limit)
    warn(`this merge needs about ${formatBytes(peakMemory)}, more than ${formatBytes(limit)}, the usual limit here`);
  const seconds = shown === 'cpu' ? secondsWith(plan.estimate, names.length * used) : plan.estimate.seconds;
  return { plan: { ...plan, estimate: { ...plan.estimate, peakMemory, seconds } }, streamingOn: fitOn };
};
