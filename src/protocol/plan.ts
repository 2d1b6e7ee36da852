import { z } from 'zod';
import { MethodName } from './methods.js';

/** Element types by their safetensors names. */
export const Dtype = z.enum([
  'F64',
  'F32',
  'F16',
  'BF16',
  'F8_E4M3',
  'F8_E5M2',
  'I64',
  'I32',
  'I16',
  'I8',
  'U8',
  'BOOL',
]);
export type Dtype = z.infer<typeof Dtype>;

/** An input file as it was when the plan was made; a run refuses a file that has changed since. */
export const InputFile = z.strictObject({
  path: z.string(),
  bytes: z.int(),
  /** Modification time in nanoseconds since 1970, as text because it exceeds 2^53. */
  modified: z.string(),
});
export type InputFile = z.infer<typeof InputFile>;

/** Where one stored tensor lies: `bytes` bytes from absolute byte `offset` of `files[file]`. */
export const TensorRange = z.strictObject({
  file: z.int(),
  offset: z.int(),
  bytes: z.int(),
  dtype: Dtype,
  shape: z.array(z.int()),
});
export type TensorRange = z.infer<typeof TensorRange>;

/** A LoRA update of one weight: `W + scale * B @ A` with A of shape [rank, in] and B of shape [out, rank]. */
export const LoraUpdate = z.strictObject({
  a: TensorRange,
  b: TensorRange,
  scale: z.number(),
  /** The weight is stored as [in, out] (fan_in_fan_out): the update is transposed before it is added. */
  transposed: z.boolean(),
  /** DoRA (Liu et al. 2024): the updated weight's rows are rescaled to these norms, of shape [out]; null for plain LoRA. */
  magnitude: TensorRange.nullable(),
});
export type LoraUpdate = z.infer<typeof LoraUpdate>;

/** One model's tensor in a step. */
export const StepInput = z.strictObject({
  /** Index in `models`; also the model part of the key of random masks. */
  model: z.int(),
  /** The tensor's name in that model. */
  tensor: z.string(),
  /**
   * What the parts make when their elements are joined; where it is smaller than the step's, zeros follow in each
   * dimension. Leading dimensions in which the step has size 1 may be left out.
   */
  shape: z.array(z.int()),
  /** One range, or several that are joined, such as the experts of a layer. All of one type. */
  parts: z.array(TensorRange),
  /** Index in `rowMaps`, or null: the rows are taken as they stand. */
  rows: z.int().nullable(),
  lora: LoraUpdate.nullable(),
});
export type StepInput = z.infer<typeof StepInput>;

/** `count` rows of the output, from `to` on, are the model's rows from `source` on. */
export const RowRun = z.strictObject({ to: z.int(), source: z.int(), count: z.int() });
export type RowRun = z.infer<typeof RowRun>;

/** Row `row` of the same step's tensor of model `model`. */
export const RowOrigin = z.strictObject({ model: z.int(), row: z.int() });
export type RowOrigin = z.infer<typeof RowOrigin>;

/**
 * `count` rows of the output, from `to` on: the first is the mean of these rows, the next that of the rows after them,
 * and so on; of no rows: zeros.
 */
export const RowFill = z.strictObject({ to: z.int(), count: z.int(), sources: z.array(RowOrigin) });
export type RowFill = z.infer<typeof RowFill>;

/** How a model's vocabulary tensor is brought to the output's vocabulary, along axis 0. Every row has one origin. */
export const RowMap = z.strictObject({
  /** Rows of the output. */
  rows: z.int(),
  /** In ascending order of `to`. */
  runs: z.array(RowRun),
  /** In ascending order of `to`. */
  fills: z.array(RowFill),
  /** That many last rows are the mean of all rows before them. */
  padding: z.int(),
});
export type RowMap = z.infer<typeof RowMap>;

/** Values of method parameters by name. */
export const ParameterValues = z.record(z.string(), z.union([z.boolean(), z.number(), z.string()]));
export type ParameterValues = z.infer<typeof ParameterValues>;

/** A method with every parameter resolved; shared by all steps that have the same values. */
export const Operation = z.strictObject({
  method: MethodName,
  shared: ParameterValues,
  /** One entry per element of a step's `inputs`, in the same order. */
  perInput: z.array(ParameterValues),
});
export type Operation = z.infer<typeof Operation>;

export const StepOutput = z.strictObject({
  /** Index in `shards`. */
  shard: z.int(),
  /** Absolute byte offset in the shard file. */
  offset: z.int(),
  bytes: z.int(),
  dtype: Dtype,
});
export type StepOutput = z.infer<typeof StepOutput>;

/** One output tensor. */
export const Step = z.strictObject({
  tensor: z.string(),
  shape: z.array(z.int()),
  /** Index in `operations`, or null: copy the bytes of the first input, all inputs being equal. */
  operation: z.int().nullable(),
  /** The base model's tensor where the method has one, else null. It is not repeated in `inputs`. */
  base: StepInput.nullable(),
  inputs: z.array(StepInput),
  output: StepOutput,
});
export type Step = z.infer<typeof Step>;

/** How the factors of adapters are merged; what each mode computes is said where the worker does it. */
export const AdapterMode = z.enum(['delta', 'factor', 'concat', 'core', 'svd']);
export type AdapterMode = z.infer<typeof AdapterMode>;

/** One model's update of a weight; null where it has none: zero. */
export const AdapterInput = z.strictObject({
  /** Index in `models`; also the model part of the key of random masks. */
  model: z.int(),
  lora: LoraUpdate.nullable(),
});
export type AdapterInput = z.infer<typeof AdapterInput>;

/** The factors of a merged update, stored as those of an adapter. */
export const FactorOutput = z.strictObject({ a: StepOutput, b: StepOutput });
export type FactorOutput = z.infer<typeof FactorOutput>;

/** The updates of one weight, merged into one: `scale * B @ A`. */
export const AdapterStep = z.strictObject({
  /** The weight's name in the base. */
  tensor: z.string(),
  /** The weight's shape as it is stored. */
  shape: z.array(z.int()),
  mode: AdapterMode,
  /** Index in `operations`. */
  operation: z.int(),
  /** The base's own update where the method has a base, else null. It is not repeated in `inputs`. */
  base: AdapterInput.nullable(),
  inputs: z.array(AdapterInput),
  /** Rows of the merged A, columns of the merged B. */
  rank: z.int(),
  /** Mode `factor`: where zeros are put beside factors of a smaller rank. */
  padding: z.enum(['back', 'front']),
  /** What the merged factors are still to be multiplied by. */
  scale: z.number(),
  /** Where the factors are stored, or null. */
  factors: FactorOutput.nullable(),
  /** Index in `steps` of the step to whose first input the update is added, or null. */
  step: z.int().nullable(),
});
export type AdapterStep = z.infer<typeof AdapterStep>;

/** One output file of weights: `header` is written first, the steps fill the rest. */
export const Shard = z.strictObject({
  name: z.string(),
  /** The safetensors header text, space-padded so that data starts at byte 8 + its length. */
  header: z.string(),
  /** Size of the whole file. */
  bytes: z.int(),
});
export type Shard = z.infer<typeof Shard>;

/** A model that takes part, for people and for provenance. */
export const PlanModel = z.strictObject({
  /** As the recipe wrote it. */
  reference: z.string(),
  path: z.string(),
  adapter: z.string().nullable(),
  role: z.enum(['base', 'input']),
  parameters: z.int(),
  bytes: z.int(),
});
export type PlanModel = z.infer<typeof PlanModel>;

/** A file that is not weights: copied from `source`, or written with `text`. */
export const SideFile = z.strictObject({
  name: z.string(),
  source: z.string().nullable(),
  text: z.string().nullable(),
});
export type SideFile = z.infer<typeof SideFile>;

export const Estimate = z.strictObject({
  bytesRead: z.int(),
  bytesWritten: z.int(),
  /** Predicted peak of the worker's anonymous memory, bytes. */
  peakMemory: z.int(),
  /** Predicted time of the merge stage, seconds. */
  seconds: z.number(),
});
export type Estimate = z.infer<typeof Estimate>;

/** Everything a merge does, decided before a weight is read. */
export const Plan = z.strictObject({
  version: z.literal(1),
  /** SHA-256 of the plan's canonical JSON without this field and without paths and times of files. */
  hash: z.string(),
  method: MethodName,
  /** Key of all random masks. */
  seed: z.int(),
  models: z.array(PlanModel),
  files: z.array(InputFile),
  operations: z.array(Operation),
  rowMaps: z.array(RowMap),
  shards: z.array(Shard),
  steps: z.array(Step),
  /** Merges of factors; the updates that they make go into files of their own or into `steps`. */
  adapterSteps: z.array(AdapterStep),
  sideFiles: z.array(SideFile),
  estimate: Estimate,
});
export type Plan = z.infer<typeof Plan>;
