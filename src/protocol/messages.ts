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

/** A task as the worker runs it. */
export const EvaluationTask = z.strictObject({
  name: z.string(),
  kind: z.enum(['multiple_choice', 'generation']),
  /** CSV with the columns id, input, target, answer_choices, eval_type. */
  dataFile: z.string(),
  /** Longest input in tokens; longer ones lose their beginning. */
  maxSequenceLength: z.int(),
  /** Most new tokens of a generation; null for multiple choice. */
  maxGenerationLength: z.int().nullable(),
});
export type EvaluationTask = z.infer<typeof EvaluationTask>;

export const EvaluateParams = z.strictObject({
  job: z.int(),
  /** Model folder. */
  modelPath: z.string(),
  /** LoRA adapter folder to apply, or null. */
  adapterPath: z.string().nullable(),
  tasks: z.array(EvaluationTask),
  /** First so many examples of each task; null: all. */
  limit: z.int().nullable(),
  /** Null: found automatically, halved on out-of-memory. */
  batchSize: z.int().nullable(),
  device: z.string(),
  threads: z.int().nullable(),
});
export type EvaluateParams = z.infer<typeof EvaluateParams>;

export const TaskResult = z.strictObject({
  task: z.string(),
  /** Number of examples. */
  n: z.int(),
  /** Mean of `scores`. */
  mean: z.number(),
  /** Standard error of `mean`; null for fewer than two examples. */
  standardError: z.number().nullable(),
  /** accuracy, or rouge1, rouge2, rougeL, rougeLsum: means over the examples. */
  metrics: z.record(z.string(), z.number()),
  /** One score in [0, 1] per example, in file order. */
  scores: z.array(z.number()),
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
  mean: z.number(),
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
  evaluate: { params: EvaluateParams, result: EvaluateResult },
} as const;

export const notifications = {
  progress: ProgressNotification,
  metric: MetricNotification,
  log: LogNotification,
} as const;
