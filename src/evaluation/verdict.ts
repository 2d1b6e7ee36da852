import type { ScoreRow } from '../events.js';
import { formatScore } from '../format.js';

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${formatScore(Math.abs(value))}`;

/** Whether a merge's gain over a model is beyond two standard errors. */
const isClear = ({ gain, gainError }: ScoreRow): boolean =>
  gain !== null && gainError !== null && Math.abs(gain) > 2 * gainError;

/** One sentence: whether the merge is better than what it was made of. Empty without scores to compare. */
export const verdictOf = (rows: readonly ScoreRow[]): string => {
  const merge = rows.find(({ role }) => role === 'merge');
  const others = rows.filter(({ role }) => role !== 'merge');
  const [rival] = [...others].sort((a, b) => (b.mean ?? 0) - (a.mean ?? 0));
  if (merge === undefined || rival === undefined || rival.gain === null) return '';
  const error = rival.gainError === null ? '' : ` ± ${formatScore(rival.gainError)}`;
  const gap = `${signed(rival.gain)}${error} points`;
  if (rival.gain > 0 && others.every(isClear)) {
    return `${merge.model} beats every model it was made of: ${gap} on average over ${rival.model}, the best of them`;
  }
  if (rival.gain < 0 && isClear(rival)) return `${rival.model} is better than ${merge.model}: ${gap} on average`;
  const why = rival.gainError === null ? 'with no error to judge it by' : 'less than two standard errors';
  return `${merge.model} and ${rival.model} cannot be told apart: ${gap} on average, ${why}`;
};
