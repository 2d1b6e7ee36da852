import type { Scoreboard, ScoreRow } from '../../src/events.js';

type Shape = { readonly models: readonly string[]; readonly tasks: readonly string[] };

/** A board whose first model is the base and whose last is the merge; the number in a cell tells its place. */
export const scoreboardOf = ({ models, tasks }: Shape): Scoreboard => {
  const value = (model: number, task: number) => 0.3 + 0.05 * model + 0.01 * task;
  const mean = (model: number) => tasks.reduce((sum, _, task) => sum + value(model, task), 0) / tasks.length;
  const merge = models.length - 1;
  const rows = models.map((model, index): ScoreRow => {
    const role = index === merge ? 'merge' : index === 0 ? 'base' : 'parent';
    return {
      model,
      role,
      scores: tasks.map((task, column) => ({
        task,
        n: 400,
        reused: 0,
        mean: value(index, column),
        standardError: 0.024,
        metrics: {},
        delta: role === 'merge' ? 0.05 : null,
        deltaError: role === 'merge' ? 0.02 : null,
        gain: role === 'merge' ? null : value(merge, column) - value(index, column),
        gainError: role === 'merge' ? null : 0.021,
      })),
      mean: mean(index),
      standardError: 0.012,
      gain: role === 'merge' ? null : mean(merge) - mean(index),
      gainError: role === 'merge' ? null : 0.013,
      kept: role === 'parent' ? { task: tasks[0] ?? '', share: 0.875, error: 0.061 } : null,
    };
  });
  return { tasks: [...tasks], rows, verdict: 'the merge is best' };
};
