import { join, resolve } from 'node:path';
import { readTask, type Split } from '../evaluation/task.js';
import { type Fault, faultWithoutPlace } from '../fault.js';
import type { EvaluationTask } from '../protocol/messages.js';
import type { EvaluationSettings } from '../run/evaluate-models.js';
import { amalgamHome } from '../runtime/home.js';
import type { CliContext } from './context.js';

export type TaskFlags = {
  /** Names or files of tasks. */
  readonly tasks?: readonly string[];
  readonly split: Split;
  readonly fewShot?: number;
  readonly limit?: number;
  readonly sampleSeed?: number;
  readonly batchSize?: number;
  /** False: neither use nor keep scores of single examples. */
  readonly keptScores?: boolean;
  /** Folder for result files. */
  readonly results?: string;
};

/** Tasks whose results could not be told apart. */
export const repeatedTasks = (tasks: readonly EvaluationTask[]): Fault[] => {
  const names = tasks.map(({ name }) => name);
  const twice = new Set(names.filter((name, index) => names.indexOf(name) !== index));
  return [...twice].map((name) =>
    faultWithoutPlace({
      code: 'task-twice',
      message: `two tasks are called \`${name}\`, and results go by that name`,
      hint: 'name each task once, and give files different names',
    }),
  );
};

/** Reads the tasks that the flags name. */
export const readTasks = (
  { tasks: names = [], split, fewShot }: TaskFlags,
  folders: { readonly cwd: string; readonly shipped: string },
): { tasks: EvaluationTask[]; faults: Fault[] } => {
  const read = names.map((name) => readTask(name, { ...folders, split, fewShot: fewShot ?? null }));
  const tasks = read.flatMap(({ task }) => task ?? []);
  return { tasks, faults: [...read.flatMap(({ faults }) => faults), ...repeatedTasks(tasks)] };
};

/** How the flags want it evaluated; without `--results`, files go to `usual`. */
export const evaluationSettings = (
  { limit, sampleSeed, batchSize, keptScores, results }: TaskFlags,
  { cwd, env }: Pick<CliContext, 'cwd' | 'env'>,
  usual: string | null,
): EvaluationSettings => ({
  limit: limit ?? null,
  sampleSeed: sampleSeed ?? null,
  batchSize: batchSize ?? null,
  keptScores: keptScores === false ? null : join(amalgamHome(env), 'scores'),
  results: results === undefined ? usual : resolve(cwd, results),
});
