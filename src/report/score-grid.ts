import type { Estimate } from '../evaluation/statistics.js';
import type { Scoreboard, ScoreRow, ShareKept } from '../events.js';

export type GridRow = {
  readonly model: string;
  readonly role: ScoreRow['role'];
  /** One entry per task; null where nothing has been measured yet. */
  readonly scores: readonly (Estimate | null)[];
  readonly mean: Estimate | null;
  /** What the merge has more than this model. */
  readonly gain: Estimate | null;
  /** For merges: the difference to the best parent by task, and of the means. */
  readonly deltas: readonly (Estimate | null)[];
  readonly meanDelta: Estimate | null;
  /** For models other than the merge: what the merge has more by task; none before the end. */
  readonly gains: readonly (Estimate | null)[];
  readonly kept: ShareKept | null;
};

/** Scores of models by task, finished or in the making. */
export type ScoreGrid = {
  readonly tasks: readonly {
    readonly name: string;
    readonly items: number | null;
    /** Its examples have no targets. */
    readonly predictionsOnly: boolean;
  }[];
  readonly rows: readonly GridRow[];
  readonly verdict: string | null;
};

const estimate = (value: number | null | undefined, error: number | null | undefined): Estimate | null =>
  value === null || value === undefined ? null : { value, error: error ?? null };

/** The parent (or, without parents, the base) with the highest mean. */
const bestParent = (rows: readonly ScoreRow[]): ScoreRow | undefined => {
  const parents = rows.filter(({ role }) => role === 'parent');
  return [...(parents.length > 0 ? parents : rows.filter(({ role }) => role === 'base'))].sort(
    (a, b) => (b.mean ?? 0) - (a.mean ?? 0),
  )[0];
};

export const gridOfScoreboard = ({ tasks, rows, verdict }: Scoreboard): ScoreGrid => {
  const best = bestParent(rows);
  return {
    tasks: tasks.map((name) => {
      const scores = rows.flatMap((row) => row.scores.filter(({ task }) => task === name));
      const predictionsOnly = scores.length > 0 && scores.every(({ mean }) => mean === null);
      return { name, items: scores[0]?.n ?? null, predictionsOnly };
    }),
    rows: rows.map(({ model, role, scores, mean, standardError, gain, gainError, kept }) => {
      const byTask = tasks.map((name) => scores.find(({ task }) => task === name));
      return {
        model,
        role,
        scores: byTask.map((score) => estimate(score?.mean, score?.standardError)),
        mean: estimate(mean, standardError),
        gain: estimate(gain, gainError),
        deltas: role === 'merge' ? byTask.map((score) => estimate(score?.delta, score?.deltaError)) : [],
        meanDelta: role === 'merge' && best !== undefined ? estimate(best.gain, best.gainError) : null,
        gains: role === 'merge' ? [] : byTask.map((score) => estimate(score?.gain, score?.gainError)),
        kept,
      };
    }),
    verdict: verdict === '' ? null : verdict,
  };
};

/** Index of the rows with the highest value, none if fewer than two rows have one. */
export const bestRows = (values: readonly (Estimate | null)[]): ReadonlySet<number> => {
  const known = values.flatMap((entry) => (entry === null ? [] : [entry.value]));
  if (known.length < 2) return new Set();
  const highest = Math.max(...known);
  return new Set(values.flatMap((entry, index) => (entry !== null && entry.value >= highest ? [index] : [])));
};
