import type { RunEvent } from '../events.js';
import { formatBytes, formatCount, formatDuration, formatScore, plural } from '../format.js';
import { createPace, type Pace } from './pace.js';
import { type Row, span } from './rows.js';
import type { Role, Style } from './style.js';

export type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;

const verbWidth = 10;

/** A verb and what it says. */
export const line = (verb: string, text: string, role: Role = 'accent'): Row => [
  span(verb.padEnd(verbWidth), role),
  span(` ${text}`),
];

const percent = (fraction: number): string => `${String(Math.floor(100 * fraction)).padStart(3)} %`;

/** Lines of a merge in progress. */
export const mergeTracker = () => {
  let total = 0;
  let tensors = 0;
  let startedAt = 0;
  let peakPredicted: number | null = null;
  let pace: Pace = createPace(0);
  return {
    predict: (peak: number) => {
      peakPredicted = peak;
    },
    start: ({ bytesTotal, tensorsTotal, ts }: EventOf<'merge-started'>): Row[] => {
      total = bytesTotal;
      tensors = tensorsTotal;
      startedAt = ts;
      pace = createPace(ts);
      return [line('merge', `${plural(tensorsTotal, 'tensor')}, ${formatBytes(bytesTotal)}`)];
    },
    progress: ({ bytesDone, tensorsDone, tensor, memory, ts }: EventOf<'merge-progress'>): Row[] => {
      const fraction = total > 0 ? Math.min(1, bytesDone / total) : 0;
      if (!pace(fraction, ts)) return [];
      const seconds = (ts - startedAt) / 1000;
      const rate = seconds > 0 ? bytesDone / seconds : 0;
      const left = rate > 0 ? `, ${formatDuration(Math.max(0, total - bytesDone) / rate)} left` : '';
      const predicted = peakPredicted === null ? '' : ` of ${formatBytes(peakPredicted)} predicted`;
      const bytes = `${formatBytes(bytesDone)} of ${formatBytes(total)}, ${formatBytes(rate)}/s${left}`;
      const where = `tensor ${tensorsDone}/${tensors} ${tensor}`;
      return [line('merging', `${percent(fraction)}  ${bytes}, memory ${formatBytes(memory)}${predicted}, ${where}`)];
    },
  };
};

/** Lines of an evaluation: one when a model has finished a task, and one every 10 seconds between. */
export const evaluationTracker = (style: Style) => {
  const finished = new Set<string>();
  let shownAt: number | null = null;
  return ({ model, task, done, total, mean, standardError, ts }: EventOf<'evaluation-progress'>): Row[] => {
    const cell = JSON.stringify([model, task]);
    shownAt ??= ts;
    const complete = done >= total;
    if (complete ? finished.has(cell) : ts - shownAt < 10_000) return [];
    if (complete) finished.add(cell);
    shownAt = ts;
    const error = standardError === null ? '' : ` ${style.glyphs.plusMinus} ${formatScore(standardError)}`;
    const value = mean === null ? 'predictions only' : `${formatScore(mean)}${error}`;
    const count = complete ? plural(total, 'item') : `${formatCount(done)} of ${plural(total, 'item')}`;
    return [line(complete ? 'evaluated' : 'evaluating', `${model}  ${task}  ${value}  (${count})`)];
  };
};
