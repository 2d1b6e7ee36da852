import { setTimeout as sleep } from 'node:timers/promises';
import type { RunEvent } from '../events.js';

export type ReplayOptions = {
  readonly events: readonly RunEvent[];
  /** How many recorded seconds pass in one; infinity plays without waiting. */
  readonly speed?: number;
  /** Milliseconds (as played) that a pause lasts at most. */
  readonly longestGap?: number;
  readonly wait?: (milliseconds: number, signal: AbortSignal | undefined) => Promise<unknown>;
  readonly now?: () => number;
};

export type Replay = {
  /** The recording's own time, which runs `speed` times as fast as the clock on the wall. */
  readonly now: () => number;
  /** Hands the events over at their recorded pace; ends early, without an error, when the signal aborts. */
  readonly play: (reader: (event: RunEvent) => void, signal?: AbortSignal) => Promise<void>;
};

const waitFor = (milliseconds: number, signal: AbortSignal | undefined): Promise<unknown> =>
  sleep(milliseconds, undefined, { signal });

export const createReplay = ({
  events,
  speed = 1,
  longestGap = 2000,
  wait = waitFor,
  now = Date.now,
}: ReplayOptions): Replay => {
  let recorded = events[0]?.ts ?? 0;
  let playedAt = now();
  const elapsed = (): number => (Number.isFinite(speed) ? (now() - playedAt) * speed : 0);

  const play: Replay['play'] = async (reader, signal) => {
    for (const event of events) {
      const gap = Math.min(longestGap, Math.max(0, event.ts - recorded) / speed);
      try {
        if (gap > 0) await wait(gap, signal);
      } catch (error) {
        if (!signal?.aborted) throw error;
      }
      if (signal?.aborted) return;
      recorded = Math.max(recorded, event.ts);
      playedAt = now();
      reader(event);
    }
  };
  return { now: () => recorded + elapsed(), play };
};
