import type { RunEvent } from '../events.js';
import { type DashboardState, hasEnded, initialState, reduce } from './state.js';

export type Snapshot = { readonly state: DashboardState; readonly now: number };

export type Timer = {
  /** Calls back once after some milliseconds; the result takes it back. */
  readonly after: (milliseconds: number, callback: () => void) => () => void;
  readonly now: () => number;
};

// A frame of a large terminal costs 20 ms of the processor that the merge could use.
const shortestPause = 200;
const heartbeat = 500;

export const systemTimer: Timer = {
  now: Date.now,
  after: (milliseconds, callback) => {
    const timeout = setTimeout(callback, milliseconds);
    return () => clearTimeout(timeout);
  },
};

/** Holds the state and tells the screen of it: at most five times a second, twice when nothing but time passes. */
export const createStore = (title: string, timer: Timer) => {
  const listeners = new Set<() => void>();
  let state = initialState(title);
  let snapshot: Snapshot = { state, now: timer.now() };
  let notifiedAt = Number.NEGATIVE_INFINITY;
  let cancel: (() => void) | null = null;
  let due = Number.POSITIVE_INFINITY;

  const flush = () => {
    cancel?.();
    cancel = null;
    due = Number.POSITIVE_INFINITY;
    notifiedAt = performance.now();
    snapshot = { state, now: timer.now() };
    for (const listener of listeners) listener();
    if (!hasEnded(state) && listeners.size > 0) schedule(heartbeat);
  };

  const schedule = (milliseconds: number) => {
    const time = performance.now() + milliseconds;
    if (time >= due) return;
    cancel?.();
    due = time;
    cancel = timer.after(milliseconds, flush);
  };

  return {
    snapshot: () => snapshot,
    subscribe: (listener: () => void) => {
      listeners.add(listener);
      if (cancel === null) schedule(heartbeat);
      return () => {
        listeners.delete(listener);
        if (listeners.size > 0) return;
        cancel?.();
        cancel = null;
        due = Number.POSITIVE_INFINITY;
      };
    },
    send: (event: RunEvent) => {
      state = reduce(state, event);
      schedule(Math.max(0, shortestPause - (performance.now() - notifiedAt)));
    },
    flush,
    state: () => state,
  };
};

export type Store = ReturnType<typeof createStore>;
