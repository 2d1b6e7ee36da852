import { z } from 'zod';

/** A place where tensors are computed. */
export const Device = z.strictObject({
  /** torch's name: `cpu`, `cuda:0`. */
  name: z.string(),
  description: z.string(),
  /** Bytes; null where the device does not tell. */
  totalMemory: z.int().nullable(),
  freeMemory: z.int().nullable(),
});
export type Device = z.infer<typeof Device>;

export const InitializeParams = z.strictObject({
  /** Digest of the wire schemas; the worker refuses another one. */
  protocol: z.string(),
});
export type InitializeParams = z.infer<typeof InitializeParams>;

export const MethodSignature = z.strictObject({
  name: z.string(),
  shared: z.array(z.string()),
  perInput: z.array(z.string()),
});
export type MethodSignature = z.infer<typeof MethodSignature>;

export const InitializeResult = z.strictObject({
  protocol: z.string(),
  python: z.string(),
  executable: z.string(),
  torch: z.string(),
  devices: z.array(Device),
  /** Threads that the worker uses when none are asked for. */
  threads: z.int(),
  methods: z.array(MethodSignature),
});
export type InitializeResult = z.infer<typeof InitializeResult>;

/** Which of a plan's steps are done, by their numbers; others do the rest, maybe at the same time. */
export const MergePart = z.strictObject({
  steps: z.array(z.int()),
  /** Of `adapterSteps`, only those that store factors. */
  adapterSteps: z.array(z.int()),
});
export type MergePart = z.infer<typeof MergePart>;

export const MergeParams = z.strictObject({
  /** Chosen by the caller; comes back in every notification of this job. */
  job: z.int(),
  /** File holding a Plan. */
  planPath: z.string(),
  /** Existing directory into which the shards are written. */
  directory: z.string(),
  /** `auto`, `cpu`, `cuda` or `cuda:N`. */
  device: z.string(),
  /** Null: the worker's default. */
  threads: z.int().nullable(),
  /** Elements per chunk, a multiple of 65,536; null: the worker's default. */
  chunkElements: z.int().nullable(),
  /** Null: all. The shard files of a part are shared with those who do the others, and only its own bytes are written. */
  part: MergePart.nullable(),
});
export type MergeParams = z.infer<typeof MergeParams>;

export const MergeResult = z.strictObject({
  device: z.string(),
  tensors: z.int(),
  bytesRead: z.int(),
  bytesWritten: z.int(),
  seconds: z.number(),
  /** Highest anonymous memory of the worker seen during the job, bytes. */
  peakMemory: z.int(),
});
export type MergeResult = z.infer<typeof MergeResult>;

/** Where the examples of a task come from. */
export const TaskData = z.strictObject({
  format: z.enum(['csv', 'jsonl', 'datasets']),
  /** A file, or for `datasets` the id of a data set on the Hub. */
  source: z.string(),
  /** Of a data set: its configuration, split and revision. */
  subset: z.string().nullable(),
  split: z.string().nullable(),
  revision: z.string().nullable(),
  /** The source's names of the columns id, input, target, answer_choices, eval_type where they differ. */
  columns: z.record(z.string(), z.string()),
});
export type TaskData = z.infer<typeof TaskData>;

/** A task of lm-evaluation-harness. */
export const HarnessTask = z.strictObject({
  task: z.string(),
  /** Folder with further task files, or null. */
  includePath: z.string().nullable(),
  fewShot: z.int().nullable(),
});
export type HarnessTask = z.infer<typeof HarnessTask>;

/** A task as the worker runs it. */
export const EvaluationTask = z.strictObject({
  name: z.string(),
  /** `by_row`: each example says by its eval_type; `harness`: `harness` is set and `data` is null. */
  kind: z.enum(['multiple_choice', 'generation', 'by_row', 'harness']),
  data: TaskData.nullable(),
  harness: HarnessTask.nullable(),
  /** Longest input in tokens; longer ones lose their beginning. Null: the model's own limit. */
  maxSequenceLength: z.int().nullable(),
  /** Most new tokens of a generation; null where nothing is generated. */
  maxGenerationLength: z.int().nullable(),
  /** `bos`: a choice is scored after the tokenizer's own start token, as the starter kit's decoders do it. */
  choicePrefix: z.enum(['none', 'bos']),
});
export type EvaluationTask = z.infer<typeof EvaluationTask>;

export const ReadTasksParams = z.strictObject({
  tasks: z.array(EvaluationTask),
  /** As of the evaluation to come. */
  limit: z.int().nullable(),
  sampleSeed: z.int().nullable(),
});
export type ReadTasksParams = z.infer<typeof ReadTasksParams>;

export const ReadTasksResult = z.strictObject({
  /** Number of examples of each task. */
  examples: z.array(z.int()),
});
export type ReadTasksResult = z.infer<typeof ReadTasksResult>;

export const EvaluateParams = z.strictObject({
  job: z.int(),
  /** Model folder; with `planPath` a folder of configuration and tokenizer alone. */
  modelPath: z.string(),
  /** LoRA adapter folder to apply, or null. */
  adapterPath: z.string().nullable(),
  /** File holding a Plan whose output is merged in memory and scored, or null: the weights are in `modelPath`. */
  planPath: z.string().nullable(),
  tasks: z.array(EvaluationTask),
  /** So many examples of each task; null: all. */
  limit: z.int().nullable(),
  /** With `limit`: seed of the sample; null: the first examples. */
  sampleSeed: z.int().nullable(),
  /** Null: found automatically, halved on out-of-memory. */
  batchSize: z.int().nullable(),
  device: z.string(),
  threads: z.int().nullable(),
  /** Folder that keeps scores of examples while they are computed, so that they survive a kill; null: none. */
  keptScores: z.string().nullable(),
  /** Stands for the model's files: kept scores of another key are not used. */
  modelKey: z.string(),
});
export type EvaluateParams = z.infer<typeof EvaluateParams>;

export const TaskResult = z.strictObject({
  task: z.string(),
  /** Number of examples. */
  n: z.int(),
  /** Of these, how many were scored by an earlier run. */
  reused: z.int(),
  /** Mean of `scores`; null where the examples have no targets. */
  mean: z.number().nullable(),
  /** Standard error of `mean`; null for fewer than two examples. */
  standardError: z.number().nullable(),
  /** accuracy and accuracy_norm, or rouge1, rouge2, rougeL, rougeLsum: means over the examples that have them. */
  metrics: z.record(z.string(), z.number()),
  /** One score in [0, 1] per example, in file order; empty where there are no targets. */
  scores: z.array(z.number()),
  /** The examples' ids, in file order. */
  ids: z.array(z.string()),
  /** The number of the choice as text, or the generated text, per example. */
  predictions: z.array(z.string()),
  seconds: z.number(),
});
export type TaskResult = z.infer<typeof TaskResult>;

export const EvaluateResult = z.strictObject({
  device: z.string(),
  tasks: z.array(TaskResult),
});
export type EvaluateResult = z.infer<typeof EvaluateResult>;

/** Latest state of a merge; sent at most 20 times a second. */
export const ProgressNotification = z.strictObject({
  job: z.int(),
  /** Output bytes finished. */
  bytesDone: z.int(),
  tensorsDone: z.int(),
  /** A tensor being worked on. */
  tensor: z.string(),
  /** The worker's anonymous memory now, bytes. */
  memory: z.int(),
});
export type ProgressNotification = z.infer<typeof ProgressNotification>;

/** Running result of a task; sent at most 20 times a second, and once at its end. */
export const MetricNotification = z.strictObject({
  job: z.int(),
  task: z.string(),
  done: z.int(),
  total: z.int(),
  /** Null while no example with a target is done. */
  mean: z.number().nullable(),
  standardError: z.number().nullable(),
});
export type MetricNotification = z.infer<typeof MetricNotification>;

export const LogNotification = z.strictObject({
  level: z.enum(['info', 'warning']),
  message: z.string(),
});
export type LogNotification = z.infer<typeof LogNotification>;

export const WorkerErrorCode = z.enum([
  'cancelled',
  'data-invalid',
  'file-changed',
  'inputs-differ',
  'internal',
  'model-unloadable',
  'no-device',
  'no-space',
  'non-finite',
  'out-of-memory',
  'package-missing',
  'plan-invalid',
  'protocol-mismatch',
  'read-failed',
  'write-failed',
]);
export type WorkerErrorCode = z.infer<typeof WorkerErrorCode>;

/** `data` of every error response of the worker. */
export const WorkerErrorData = z.strictObject({
  code: WorkerErrorCode,
  hint: z.string().nullable(),
  /** Python traceback, shown only on request. */
  traceback: z.string().nullable(),
});
export type WorkerErrorData = z.infer<typeof WorkerErrorData>;

/** JSON-RPC error code of every failure that is not the transport's. */
export const workerErrorNumber = -32000;

/** Method name → schemas, both sides' one list. */
export const requests = {
  initialize: { params: InitializeParams, result: InitializeResult },
  merge: { params: MergeParams, result: MergeResult },
  /** Reads data without a model, so that what is wrong with it shows before anything is merged. */
  readTasks: { params: ReadTasksParams, result: ReadTasksResult },
  evaluate: { params: EvaluateParams, result: EvaluateResult },
} as const;

export const notifications = {
  progress: ProgressNotification,
  metric: MetricNotification,
  log: LogNotification,
} as const;
