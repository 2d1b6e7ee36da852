import { z } from 'zod';

/** `dev` is for choosing coefficients, `test` for reporting. */
export const Split = z.enum(['dev', 'test']);
export type Split = z.infer<typeof Split>;

/** Our name of a column → the data's. */
const Columns = z.partialRecord(z.enum(['id', 'input', 'target', 'answer_choices', 'eval_type']), z.string());

/** A data set on the Hub, read with the package `datasets`. */
const HubData = z.strictObject({
  id: z.string(),
  subset: z.string().optional(),
  /** Branch, tag or commit. */
  revision: z.string().optional(),
  /** The data set's name of each split. */
  splits: z.partialRecord(Split, z.string()),
  columns: Columns.optional(),
});
export type HubData = z.infer<typeof HubData>;

const FileData = z.strictObject({
  /** CSV or JSONL by its ending, relative to the task's file. */
  dev: z.string().optional(),
  test: z.string().optional(),
  columns: Columns.optional(),
  hub: HubData.optional(),
});

/** One YAML file of `configs/tasks`. */
export const TaskFile = z.strictObject({
  name: z.string().min(1),
  description: z.string().optional(),
  /** `by_row`: each example says by its eval_type. */
  kind: z.enum(['multiple_choice', 'generation', 'by_row']),
  data: FileData,
  /** What the kind is scored by; for readers of the file. */
  metric: z.enum(['accuracy', 'rouge']).optional(),
  max_sequence_length: z.int().min(1).optional(),
  max_generation_length: z.int().min(1).optional(),
  choice_prefix: z.enum(['none', 'bos']).optional(),
});
export type TaskFile = z.infer<typeof TaskFile>;

const shapes: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  '': TaskFile.shape,
  data: FileData.shape,
  'data.hub': HubData.shape,
  'data.hub.splits': { dev: null, test: null },
};

/** The keys that may stand at a path of a task file. */
export const knownKeys = (path: readonly (string | number)[]): string[] => {
  const shape = shapes[path.join('.')];
  if (shape !== undefined) return Object.keys(shape);
  return path.at(-1) === 'columns' ? ['id', 'input', 'target', 'answer_choices', 'eval_type'] : [];
};
