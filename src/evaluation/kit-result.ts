import type { Score } from '../events.js';

/** Metrics of the starter kit's result, in its order. */
const kitMetrics = ['accuracy', 'rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;

/** Python's `round(value, 3)`: to the nearest, and where two are equally near (odd sixteenths) to the even one. */
export const roundAsPython = (value: number): number => {
  const sixteenths = value * 16;
  const isTie = Number.isInteger(sixteenths) && sixteenths % 2 !== 0;
  if (!isTie) return Number(value.toFixed(3));
  const below = Math.floor(value * 1000);
  return (below % 2 === 0 ? below : below + 1) / 1000;
};

/** A model's result as the starter kit writes it; a task of another kind has the metrics that it has. */
export const kitResult = (scores: readonly Pick<Score, 'task' | 'metrics'>[]): Record<string, Record<string, number>> =>
  Object.fromEntries(
    scores.flatMap(({ task, metrics }) => {
      const known = kitMetrics.filter((name) => metrics[name] !== undefined);
      const names = known.length > 0 ? known : Object.keys(metrics);
      if (names.length === 0) return [];
      return [[task, Object.fromEntries(names.map((name) => [name, roundAsPython(metrics[name] ?? 0)]))]];
    }),
  );
