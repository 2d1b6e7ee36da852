import type { RunEvent } from '../events.js';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;
export type MergeEvent = EventOf<'merge-started' | 'merge-progress' | 'merge-finished'>;

/** How many bytes were done after how many seconds. */
export type Point = { readonly seconds: number; readonly bytes: number };

export type MergeState = {
  readonly bytesTotal: number;
  readonly tensorsTotal: number;
  readonly bytesDone: number;
  readonly tensorsDone: number;
  readonly tensor: string;
  readonly memory: number;
  readonly peakMemory: number;
  /** In [0, 1]; never falls, whatever order events come in. */
  readonly fraction: number;
  readonly startedAt: number;
  readonly lastAt: number;
  /** Bytes a second, smoothed; null before there are two points in time. */
  readonly rate: number | null;
  /** Seconds left; null while the rate is unknown. */
  readonly eta: number | null;
  readonly points: readonly Point[];
  readonly finished: EventOf<'merge-finished'> | null;
};

// Enough for two dots of a curve per column of a very wide terminal.
const mostPoints = 1024;
const smoothingSeconds = 2;

const initial = (ts: number): MergeState => ({
  bytesTotal: 0,
  tensorsTotal: 0,
  bytesDone: 0,
  tensorsDone: 0,
  tensor: '',
  memory: 0,
  peakMemory: 0,
  fraction: 0,
  startedAt: ts,
  lastAt: ts,
  rate: null,
  eta: null,
  points: [{ seconds: 0, bytes: 0 }],
  finished: null,
});

const withPoint = (points: readonly Point[], point: Point): readonly Point[] => {
  const last = points.at(-1);
  if (last !== undefined && point.seconds <= last.seconds)
    return [...points.slice(0, -1), { ...point, seconds: last.seconds }];
  const kept = points.length < mostPoints ? points : points.filter((_, index) => index % 2 === 0);
  return [...kept, point];
};

const smoothed = (rate: number | null, bytes: number, seconds: number): number | null => {
  if (seconds <= 0) return rate;
  const measured = bytes / seconds;
  if (rate === null) return measured;
  const weight = 1 - Math.exp(-seconds / smoothingSeconds);
  return rate + weight * (measured - rate);
};

const progress = (state: MergeState, event: EventOf<'merge-progress'>): MergeState => {
  const bytesDone = Math.max(state.bytesDone, event.bytesDone);
  const lastAt = Math.max(state.lastAt, event.ts);
  const rate = smoothed(state.rate, bytesDone - state.bytesDone, (lastAt - state.lastAt) / 1000);
  const left = Math.max(0, state.bytesTotal - bytesDone);
  return {
    ...state,
    bytesDone,
    tensorsDone: Math.max(state.tensorsDone, event.tensorsDone),
    tensor: event.tensor,
    memory: event.memory,
    peakMemory: Math.max(state.peakMemory, event.memory),
    fraction: Math.max(state.fraction, state.bytesTotal > 0 ? Math.min(1, bytesDone / state.bytesTotal) : 0),
    lastAt,
    rate,
    eta: rate !== null && rate > 0 && state.bytesTotal > 0 ? left / rate : null,
    points: withPoint(state.points, { seconds: (lastAt - state.startedAt) / 1000, bytes: bytesDone }),
  };
};

/** The merge after an event of it; events may be missing or come in any order. */
export const reduceMerge = (previous: MergeState | null, event: MergeEvent): MergeState => {
  const state = previous ?? initial(event.ts);
  if (state.finished !== null) return state;
  switch (event.type) {
    case 'merge-started':
      return { ...state, bytesTotal: event.bytesTotal, tensorsTotal: event.tensorsTotal };
    case 'merge-progress':
      return progress(state, event);
    case 'merge-finished':
      return {
        ...state,
        bytesDone: Math.max(state.bytesDone, state.bytesTotal),
        tensorsDone: Math.max(state.tensorsDone, event.tensors),
        tensorsTotal: Math.max(state.tensorsTotal, event.tensors),
        peakMemory: Math.max(state.peakMemory, event.peakMemory),
        fraction: 1,
        lastAt: Math.max(state.lastAt, event.ts),
        eta: 0,
        finished: event,
      };
  }
};
