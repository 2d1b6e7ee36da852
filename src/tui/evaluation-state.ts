import { type Estimate, meanOfEstimates } from '../evaluation/statistics.js';
import type { RunEvent, ScoreRow } from '../events.js';
import type { GridRow, ScoreGrid } from '../report/score-grid.js';

type EventOf<Type extends RunEvent['type']> = Extract<RunEvent, { type: Type }>;
export type EvaluationEvent = EventOf<'evaluation-started' | 'evaluation-progress' | 'evaluation-finished'>;

/** One model's running result on one task. */
export type Cell = {
  readonly done: number;
  readonly total: number;
  /** Null while no example with a target is done. */
  readonly mean: number | null;
  readonly standardError: number | null;
};

export type EvaluationState = {
  readonly models: readonly { readonly name: string; readonly role: ScoreRow['role'] }[];
  readonly tasks: readonly string[];
  readonly cells: ReadonlyMap<string, Cell>;
  readonly current: { readonly model: string; readonly task: string } | null;
  /** In [0, 1]; never falls. */
  readonly fraction: number;
  readonly startedAt: number;
  readonly lastAt: number;
  /** Seconds left; null while unknown. */
  readonly eta: number | null;
  readonly finished: boolean;
};

const keyOf = (model: string, task: string): string => JSON.stringify([model, task]);

export const cellOf = ({ cells }: EvaluationState, model: string, task: string): Cell | null =>
  cells.get(keyOf(model, task)) ?? null;

const initial = (ts: number): EvaluationState => ({
  models: [],
  tasks: [],
  cells: new Map(),
  current: null,
  fraction: 0,
  startedAt: ts,
  lastAt: ts,
  eta: null,
  finished: false,
});

/** Items done of all, where a model's items on a task are known or taken from another model's. */
const fractionOf = (state: EvaluationState): number => {
  const known = [...state.cells.values()].map(({ total }) => total);
  const typical = known.length === 0 ? 1 : known.reduce((sum, total) => sum + total, 0) / known.length;
  let done = 0;
  let total = 0;
  for (const task of state.tasks) {
    const cells = state.models.map(({ name }) => cellOf(state, name, task));
    const items = cells.find((cell) => cell !== null)?.total ?? typical;
    for (const cell of cells) {
      done += Math.min(cell?.done ?? 0, cell?.total ?? items);
      total += cell?.total ?? items;
    }
  }
  return total > 0 ? Math.min(1, done / total) : 0;
};

const withNames = (state: EvaluationState, { model, task }: EventOf<'evaluation-progress'>): EvaluationState => ({
  ...state,
  models: state.models.some(({ name }) => name === model)
    ? state.models
    : [...state.models, { name: model, role: 'parent' }],
  tasks: state.tasks.includes(task) ? state.tasks : [...state.tasks, task],
});

const progress = (previous: EvaluationState, event: EventOf<'evaluation-progress'>): EvaluationState => {
  const { model, task, done, total, mean, standardError, ts } = event;
  const state = withNames(previous, event);
  const known = cellOf(state, model, task);
  if (known !== null && known.done > done) return state;
  const cells = new Map(state.cells).set(keyOf(model, task), { done, total, mean, standardError });
  const lastAt = Math.max(state.lastAt, ts);
  const fraction = Math.max(state.fraction, fractionOf({ ...state, cells }));
  const seconds = (lastAt - state.startedAt) / 1000;
  return {
    ...state,
    cells,
    current: { model, task },
    fraction,
    lastAt,
    eta: fraction > 0 && seconds > 0 ? (seconds * (1 - fraction)) / fraction : null,
  };
};

/** The evaluation after an event of it; events may be missing or come in any order. */
export const reduceEvaluation = (previous: EvaluationState | null, event: EvaluationEvent): EvaluationState => {
  const state = previous ?? initial(event.ts);
  switch (event.type) {
    case 'evaluation-started': {
      const listed = new Set(event.models.map(({ name }) => name));
      const others = state.models.filter(({ name }) => !listed.has(name));
      const tasks = [...event.tasks, ...state.tasks.filter((task) => !event.tasks.includes(task))];
      return { ...state, models: [...event.models, ...others], tasks };
    }
    case 'evaluation-progress':
      return state.finished ? state : progress(state, event);
    case 'evaluation-finished':
      return { ...state, current: null, fraction: 1, eta: 0, lastAt: Math.max(state.lastAt, event.ts), finished: true };
  }
};

const difference = (merge: Estimate | null | undefined, other: Estimate | null | undefined): Estimate | null =>
  merge && other ? { value: merge.value - other.value, error: null } : null;

const highest = (entries: readonly (Estimate | null | undefined)[]): Estimate | null =>
  entries.reduce<Estimate | null>(
    (best, entry) => (entry && (best === null || entry.value > best.value) ? entry : best),
    null,
  );

/** Every example done so far has no target. */
const isPredictionsOnly = (state: EvaluationState, task: string): boolean => {
  const begun = state.models.flatMap(({ name }) => cellOf(state, name, task) ?? []).filter(({ done }) => done > 0);
  return begun.length > 0 && begun.every(({ mean }) => mean === null);
};

/** What is known so far as a table; differences are of running means and carry no error yet. */
export const gridOfEvaluation = (state: EvaluationState): ScoreGrid => {
  const scored = state.tasks.map((task) => !isPredictionsOnly(state, task));
  const partial = state.models.map(({ name, role }) => {
    const scores = state.tasks.map((task): Estimate | null => {
      const cell = cellOf(state, name, task);
      return cell === null || cell.mean === null ? null : { value: cell.mean, error: cell.standardError };
    });
    const counted = scores.filter((_, task) => scored[task]);
    const known = counted.filter((score) => score !== null);
    // A mean over some of the tasks could not be compared with one over all.
    return { model: name, role, scores, mean: known.length < counted.length ? null : meanOfEstimates(known) };
  });
  const parents = partial.filter(({ role }) => role === 'parent');
  const rivals = parents.length > 0 ? parents : partial.filter(({ role }) => role === 'base');
  const merge = partial.find(({ role }) => role === 'merge');
  const rows = partial.map(
    (row): GridRow => ({
      ...row,
      gain: row.role === 'merge' ? null : difference(merge?.mean, row.mean),
      deltas:
        row.role === 'merge'
          ? row.scores.map((score, task) => difference(score, highest(rivals.map(({ scores }) => scores[task]))))
          : [],
      meanDelta: row.role === 'merge' ? difference(row.mean, highest(rivals.map(({ mean }) => mean))) : null,
      gains: [],
      kept: null,
    }),
  );
  const tasks = state.tasks.map((name, index) => ({
    name,
    predictionsOnly: !scored[index],
    items: state.models.map((model) => cellOf(state, model.name, name)).find((cell) => cell !== null)?.total ?? null,
  }));
  return { tasks, rows, verdict: null };
};
