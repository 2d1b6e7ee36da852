import { createHash } from 'node:crypto';
import { z } from 'zod';
import * as messages from './messages.js';
import * as plan from './plan.js';

/** Every schema that crosses the wire, by its name on both sides. */
export const wireTypes = {
  Dtype: plan.Dtype,
  InputFile: plan.InputFile,
  TensorRange: plan.TensorRange,
  LoraUpdate: plan.LoraUpdate,
  StepInput: plan.StepInput,
  RowRun: plan.RowRun,
  RowOrigin: plan.RowOrigin,
  RowFill: plan.RowFill,
  RowMap: plan.RowMap,
  Operation: plan.Operation,
  StepOutput: plan.StepOutput,
  Step: plan.Step,
  AdapterMode: plan.AdapterMode,
  AdapterInput: plan.AdapterInput,
  FactorOutput: plan.FactorOutput,
  AdapterStep: plan.AdapterStep,
  Shard: plan.Shard,
  PlanModel: plan.PlanModel,
  SideFile: plan.SideFile,
  Estimate: plan.Estimate,
  Plan: plan.Plan,
  Device: messages.Device,
  InitializeParams: messages.InitializeParams,
  MethodSignature: messages.MethodSignature,
  InitializeResult: messages.InitializeResult,
  MergePart: messages.MergePart,
  MergeParams: messages.MergeParams,
  MergeResult: messages.MergeResult,
  TaskData: messages.TaskData,
  HarnessTask: messages.HarnessTask,
  EvaluationTask: messages.EvaluationTask,
  ReadTasksParams: messages.ReadTasksParams,
  ReadTasksResult: messages.ReadTasksResult,
  EvaluateParams: messages.EvaluateParams,
  TaskResult: messages.TaskResult,
  EvaluateResult: messages.EvaluateResult,
  ProgressNotification: messages.ProgressNotification,
  MetricNotification: messages.MetricNotification,
  LogNotification: messages.LogNotification,
  WorkerErrorCode: messages.WorkerErrorCode,
  WorkerErrorData: messages.WorkerErrorData,
} as const;

export type JsonSchema = {
  readonly $ref?: string;
  readonly type?: string | readonly string[];
  readonly enum?: readonly string[];
  readonly const?: string | number;
  readonly anyOf?: readonly JsonSchema[];
  readonly items?: JsonSchema;
  readonly properties?: Readonly<Record<string, JsonSchema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: JsonSchema | false;
};

/** JSON schemas of all wire types, referring to each other as `#/$defs/Name`. */
export const wireSchemas = (): Record<string, JsonSchema> => {
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of Object.entries(wireTypes)) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { uri: (id) => `#/$defs/${id}` });
  return schemas as Record<string, JsonSchema>;
};

/** Changes with any change of any wire type; host and worker refuse to talk across a difference. */
export const protocolDigest = (): string =>
  createHash('sha256').update(JSON.stringify(wireSchemas())).digest('hex').slice(0, 16);
