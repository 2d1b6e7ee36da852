import { z } from 'zod';
import { Fault } from './fault.js';

export { Fault } from './fault.js';

export const PlanSummary = z.strictObject({
  hash: z.string(),
  method: z.string(),
  models: z.array(
    z.strictObject({ name: z.string(), role: z.enum(['base', 'input']), parameters: z.int(), bytes: z.int() }),
  ),
  /** Values as written, for people: `density 0.5`, one line per model or shared. */
  settings: z.array(z.string()),
  tensors: z.int(),
  /** Tensors copied byte for byte. */
  copied: z.int(),
  parameters: z.int(),
  shards: z.int(),
  bytesRead: z.int(),
  bytesWritten: z.int(),
  peakMemory: z.int(),
  seconds: z.number(),
});
export type PlanSummary = z.infer<typeof PlanSummary>;

/** One model's result on one task. */
export const Score = z.strictObject({
  task: z.string(),
  n: z.int(),
  /** Of these, how many were scored by an earlier run. */
  reused: z.int().default(0),
  /** Null where the examples have no targets: there are predictions only. */
  mean: z.number().nullable(),
  standardError: z.number().nullable(),
  metrics: z.record(z.string(), z.number()),
  /** Of the merge: its difference to the best other model's mean on this task, with the standard error of the paired difference. */
  delta: z.number().nullable(),
  deltaError: z.number().nullable(),
  /** Of every other model: the merge's mean minus this one's on this task, with its paired standard error. */
  gain: z.number().nullable().default(null),
  gainError: z.number().nullable().default(null),
});
export type Score = z.infer<typeof Score>;

/** Of a parent's gain over the base, the share that the merge has: 1 is all of it; it can lie outside [0, 1]. */
export const ShareKept = z.strictObject({
  /** The task on which the parent gains most over the base. */
  task: z.string(),
  share: z.number(),
  /** Standard error by the delta method on paired scores. */
  error: z.number().nullable(),
});
export type ShareKept = z.infer<typeof ShareKept>;

export const ScoreRow = z.strictObject({
  model: z.string(),
  role: z.enum(['base', 'parent', 'merge']),
  scores: z.array(Score),
  /** Mean over tasks of the task means; null where no task has targets. */
  mean: z.number().nullable(),
  standardError: z.number().nullable(),
  /** The merge's mean minus this model's mean, with its paired standard error; null for the merge itself. */
  gain: z.number().nullable(),
  gainError: z.number().nullable(),
  /** What the merge kept of this parent's largest gain over the base. */
  kept: ShareKept.nullable().default(null),
});
export type ScoreRow = z.infer<typeof ScoreRow>;

export const Scoreboard = z.strictObject({
  tasks: z.array(z.string()),
  rows: z.array(ScoreRow),
  /** One sentence: who is best and by how much. */
  verdict: z.string(),
});
export type Scoreboard = z.infer<typeof Scoreboard>;

const stamp = {
  /** Version of the event format. */
  v: z.literal(1),
  /** Milliseconds since 1970. */
  ts: z.number(),
};

const event = <Type extends string, Shape extends z.ZodRawShape>(type: Type, shape: Shape) =>
  z.strictObject({ type: z.literal(type), ...stamp, ...shape });

/** Everything that a reader (dashboard, plain text, NDJSON) learns of a run, in order. */
export const RunEvent = z.discriminatedUnion('type', [
  event('run-started', {
    title: z.string(),
    recipe: z.string().nullable(),
    output: z.string().nullable(),
    version: z.string(),
  }),
  event('faults', { faults: z.array(Fault) }),
  event('plan-ready', { plan: PlanSummary }),
  event('worker-starting', { python: z.string() }),
  event('worker-ready', { python: z.string(), torch: z.string(), device: z.string(), threads: z.int() }),
  event('merge-started', { bytesTotal: z.int(), tensorsTotal: z.int() }),
  event('merge-progress', { bytesDone: z.int(), tensorsDone: z.int(), tensor: z.string(), memory: z.int() }),
  event('merge-finished', {
    tensors: z.int(),
    bytesRead: z.int(),
    bytesWritten: z.int(),
    seconds: z.number(),
    peakMemory: z.int(),
  }),
  event('published', { path: z.string() }),
  event('evaluation-started', {
    models: z.array(z.strictObject({ name: z.string(), role: z.enum(['base', 'parent', 'merge']) })),
    tasks: z.array(z.string()),
  }),
  event('evaluation-progress', {
    model: z.string(),
    task: z.string(),
    done: z.int(),
    total: z.int(),
    mean: z.number().nullable(),
    standardError: z.number().nullable(),
  }),
  event('evaluation-finished', { scoreboard: Scoreboard }),
  event('log', { level: z.enum(['info', 'warning']), message: z.string() }),
  event('cancelling', { signal: z.string() }),
  event('run-failed', { code: z.string(), message: z.string(), hint: z.string().nullable(), exitCode: z.int() }),
  event('run-finished', { output: z.string().nullable(), seconds: z.number() }),
]);
export type RunEvent = z.infer<typeof RunEvent>;

/** An event before it is stamped. */
export type UnstampedEvent = RunEvent extends infer Each
  ? Each extends RunEvent
    ? Omit<Each, 'v' | 'ts'>
    : never
  : never;

/** Receives events in order. */
export type Emit = (event: UnstampedEvent) => void;

/** Stamps events and hands them to every reader. */
export const emitterTo =
  (readers: readonly ((event: RunEvent) => void)[], now: () => number = Date.now): Emit =>
  (unstamped) => {
    const stamped = { ...unstamped, v: 1, ts: now() } as RunEvent;
    for (const reader of readers) reader(stamped);
  };
