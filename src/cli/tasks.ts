import { readTask, type Split } from '../evaluation/task.js';
import type { Fault } from '../fault.js';
import type { EvaluationTask } from '../protocol/messages.js';

export type TaskFlags = {
  /** Names or files of tasks. */
  readonly tasks?: readonly string[];
  readonly split: Split;
  readonly limit?: number;
};

/** Reads the tasks that the flags name. */
export const readTasks = (
  { tasks: names = [], split }: TaskFlags,
  folders: { readonly cwd: string; readonly shipped: string },
): { tasks: EvaluationTask[]; faults: Fault[] } => {
  const read = names.map((name) => readTask(name, { ...folders, split }));
  return { tasks: read.flatMap(({ task }) => task ?? []), faults: read.flatMap(({ faults }) => faults) };
};
