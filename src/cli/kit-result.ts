import type { Scoreboard } from '../events.js';

/** Metrics of the kit's result, in its order. */
const kitMetrics = ['accuracy', 'rouge1', 'rouge2', 'rougeL', 'rougeLsum'] as const;

/** Python's `round(value, 3)`: to the nearest, and where two are equally near (odd sixteenths) to the even one. */
const round = (value: number): number => {
  const isTie = Number.isInteger(value * 16) && (value * 16) % 2 !== 0;
  if (!isTie) return Number(value.toFixed(3));
  const below = Math.floor(value * 1000);
  return (below % 2 === 0 ? below : below + 1) / 1000;
};

/** What the kit prints of a merge: the metrics of each data set, rounded to three decimals. */
export const kitResult = ({ rows }: Scoreboard): Record<string, Record<string, number>> => {
  const merge = rows.find(({ role }) => role === 'merge');
  return Object.fromEntries(
    (merge?.scores ?? []).map(({ task, metrics }) => [
      task,
      Object.fromEntries(
        kitMetrics.flatMap((name) => {
          const value = metrics[name];
          return value === undefined ? [] : [[name, round(value)]];
        }),
      ),
    ]),
  );
};
