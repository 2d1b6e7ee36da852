import { createHash } from 'node:crypto';
import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { isError } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { MethodName } from '../protocol/methods.js';
import type { Dtype, Plan, PlanModel, Step } from '../protocol/plan.js';
import { checkParameters } from '../recipe/check-parameters.js';
import type { Recipe } from '../recipe/recipe.js';
import { estimatePlan } from './estimate.js';
import { layerPositions } from './layers.js';
import { layOutShards, shardIndex } from './layout.js';
import { checkFit } from './match.js';
import { checkFilters, checkWeights, operationTable } from './operations.js';
import { assignRoles, type Participant, type Roles } from './roles.js';
import { sideFiles } from './side-files.js';
import { fileTable, inputsOf, isMergeable, promote, stepInput } from './steps.js';

export type PlanOptions = {
  /** Key of all random masks. */
  readonly seed: number;
  /** Most bytes of one output file. */
  readonly shardBytes?: number | undefined;
};

/** Decides everything about a merge from the recipe and the headers of its models, or says all that is wrong. Does no I/O. */
export const buildPlan = (
  recipe: Recipe,
  models: readonly Participant[],
  base: Participant | null,
  options: PlanOptions,
): { plan: Plan | null; faults: Fault[] } => {
  const { roles, faults } = assignRoles(recipe, models, base);
  faults.unshift(...checkParameters(recipe));
  const participants = roles.base === null ? roles.inputs : [roles.base, ...roles.inputs];
  const reference = participants.find(({ opened }) => opened !== null)?.opened ?? null;
  if (reference === null) return { plan: null, faults };
  faults.push(...checkFit(recipe.source, reference, participants));
  const tensors = [...reference.checkpoint.tensors.keys()];
  faults.push(...checkFilters(recipe, tensors));
  const { method } = recipe;
  const complete = participants.every(({ opened }) => opened !== null);
  if (method === null || !complete || faults.some(isError)) return { plan: null, faults };
  const drafted = draft(recipe, method, roles, reference, options);
  return { plan: drafted.faults.some(isError) ? null : drafted.plan, faults: [...faults, ...drafted.faults] };
};

const draft = (
  recipe: Recipe,
  method: MethodName,
  roles: Roles,
  reference: OpenedModel,
  options: PlanOptions,
): { plan: Plan; faults: Fault[] } => {
  const participants = roles.base === null ? roles.inputs : [roles.base, ...roles.inputs];
  const opened = participants.flatMap((participant) => participant.opened ?? []);
  const first = roles.base === null ? 0 : 1;
  const files = fileTable();
  const table = operationTable(recipe, method, roles);
  const tensors = [...reference.checkpoint.tensors.keys()];
  const positionOf = layerPositions(tensors);

  const drafts = tensors.map((tensor) => {
    const inputs = opened.flatMap((model, index) => stepInput(index, model, tensor, files) ?? []);
    const dtype = promote(inputs.map(({ source }) => source.dtype));
    const mergeable = isMergeable(dtype);
    const step: Omit<Step, 'output'> = {
      tensor,
      shape: [...(reference.checkpoint.tensors.get(tensor)?.shape ?? [])],
      operation: mergeable ? table.indexFor(tensor, positionOf(tensor)) : null,
      base: mergeable && first === 1 ? (inputs[0] ?? null) : null,
      inputs: mergeable ? inputs.slice(first) : inputs,
    };
    return { step, dtype: mergeable ? (recipe.outputDtype ?? dtype) : dtype };
  });

  const outputTensors = drafts.map(({ step, dtype }) => ({ name: step.tensor, dtype, shape: step.shape }));
  const { shards, outputs } = layOutShards(outputTensors, options.shardBytes);
  const steps = drafts.flatMap(({ step }, index): Step[] => {
    const output = outputs[index];
    return output === undefined ? [] : [{ ...step, output }];
  });
  const index = shardIndex(outputTensors, shards, outputs);
  const plan: Plan = {
    version: 1,
    hash: '',
    method,
    seed: options.seed,
    models: participants.flatMap((participant, position) => planModel(participant, first === 1 && position === 0)),
    files: files.files,
    operations: table.operations,
    shards,
    steps,
    sideFiles: sideFiles(recipe, reference, opened, { dtype: mostCommon(drafts.map(({ dtype }) => dtype)), index }),
    estimate: estimatePlan(steps, table.operations, shards),
  };
  const faults = [...table.missing(), ...checkWeights(recipe, table.operations), ...checkDtypes(recipe, steps)];
  return { plan: { ...plan, hash: hashOf(plan) }, faults };
};

const planModel = ({ written, opened }: Participant, isBase: boolean): PlanModel[] => {
  if (opened === null) return [];
  const tensors = [...opened.checkpoint.tensors.values()];
  return [
    {
      reference: written.reference.text,
      path: opened.checkpoint.path,
      adapter: opened.adapter?.path ?? null,
      role: isBase ? 'base' : 'input',
      parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
      bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
    },
  ];
};

/** The type that config.json should name: that of most tensors. */
const mostCommon = (dtypes: readonly Dtype[]): Dtype => {
  const counts = new Map<Dtype, number>();
  for (const dtype of dtypes) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'F32';
};

/** Integer tensors can only be copied, so the models must store them alike. */
const checkDtypes = (recipe: Recipe, steps: readonly Step[]): Fault[] =>
  steps
    .filter(({ operation }) => operation === null)
    .filter((step) => new Set(inputsOf(step).map(({ source }) => source.dtype)).size > 1)
    .map(({ tensor }) =>
      recipe.source.faultAt([], {
        code: 'dtype-mismatch',
        message: `${tensor} is an integer tensor of different types in different models`,
        exitCode: exitCodes.incompatible,
      }),
    );

/** Identifies what is computed, wherever the files lie and whenever they were copied there. */
const hashOf = (plan: Plan): string => {
  const { seed, method, operations, shards, steps, files } = plan;
  const identity = {
    version: plan.version,
    seed,
    method,
    operations,
    shards,
    steps,
    files: files.map(({ bytes }) => bytes),
  };
  return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
};
