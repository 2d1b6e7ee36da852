import { describe, expect, test, vi } from 'vitest';
import { createStore, systemTimer } from '../../src/tui/store.js';
import { finished, progress, started } from './events.js';

/** Runs a test under a clock that only the test moves. */
const withClock = (body: (advance: (milliseconds: number) => void) => void) => () => {
  vi.useFakeTimers();
  try {
    body((milliseconds) => vi.advanceTimersByTime(milliseconds));
  } finally {
    vi.useRealTimers();
  }
};

const watched = () => {
  const store = createStore('t', { ...systemTimer, now: () => Date.now() });
  let frames = 0;
  const stop = store.subscribe(() => {
    frames += 1;
  });
  return { store, stop, frames: () => frames };
};

describe('the store', () => {
  test(
    'tells of many events at most five times a second, and of the last one',
    withClock((advance) => {
      const { store, frames } = watched();
      store.send(started);
      for (let step = 0; step < 1000; step += 1) {
        store.send(progress(step, step));
        advance(1);
      }
      expect(frames()).toBeGreaterThanOrEqual(4);
      expect(frames()).toBeLessThanOrEqual(6);
      store.send(progress(2000, 5555));
      advance(200);
      expect(store.snapshot().state.merge?.bytesDone).toBe(5555);
    }),
  );

  test(
    'lets time pass twice a second while a run goes on, and rests afterwards',
    withClock((advance) => {
      const { store, frames } = watched();
      store.send(started);
      advance(10_000);
      expect(frames()).toBeGreaterThanOrEqual(19);
      expect(frames()).toBeLessThanOrEqual(22);
      store.send(finished(10_000));
      advance(1000);
      const rested = frames();
      advance(60_000);
      expect(frames()).toBe(rested);
      expect(vi.getTimerCount()).toBe(0);
    }),
  );

  test(
    'leaves no timer behind when nobody listens any more',
    withClock((advance) => {
      const { store, stop } = watched();
      store.send(started);
      advance(300);
      stop();
      expect(vi.getTimerCount()).toBe(0);
    }),
  );
});
