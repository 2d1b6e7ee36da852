import { type Fault, isError } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { MethodName } from '../protocol/methods.js';
import type { Dtype, Plan, Step } from '../protocol/plan.js';
import { checkParameters } from '../recipe/check-parameters.js';
import { type Recipe, sourcesOf } from '../recipe/recipe.js';
import { type Architecture, describeModel } from './architecture.js';
import { checkAdapter } from './check-adapter.js';
import { checkArchitectures } from './check-architectures.js';
import { checkFilters } from './check-filters.js';
import { checkStacked } from './check-stacked.js';
import { checkCounts, configChanges } from './config-changes.js';
import { draftSteps, type GroupedTensor } from './draft-steps.js';
import { estimatePlan } from './estimate.js';
import { groupTensor } from './group.js';
import { layOutShards, shardIndex } from './layout.js';
import { type ModelTable, modelTable } from './model-table.js';
import { checkWeights, operationTable } from './operations.js';
import type { Describe } from './outline.js';
import { type OutlinedRecipe, outlineRecipe } from './outline-recipe.js';
import { hashOf } from './plan-hash.js';
import { problemFaults } from './problem-faults.js';
import { countFor, noProblems, type Problems } from './problems.js';
import { assignRoles, type Open, type Participant } from './roles.js';
import { sideFiles } from './side-files.js';

export type PlanOptions = {
  /** Key of all random masks. */
  readonly seed: number;
  /** Most bytes of one output file. */
  readonly shardBytes?: number | undefined;
  /** Tensors of different shapes: refuse, leave out the models that differ, or fill up with zeros. */
  readonly onMismatch?: 'error' | 'skip' | 'pad' | undefined;
  /** Cut embeddings to the smallest vocabulary. */
  readonly truncateEmbeddings?: boolean | undefined;
  /** Merge models of different architectures. */
  readonly allowCrimes?: boolean | undefined;
  /** Keys, parameters and filters that mean nothing are warnings. */
  readonly allowUnknown?: boolean | undefined;
  readonly copyTokenizer?: boolean | undefined;
  readonly modelCard?: boolean | undefined;
};

type Donor = { readonly participant: Participant; readonly architecture: Architecture };

/** The model whose configuration the output has: the base, else the first. */
const donorOf = (recipe: Recipe, open: Open, describe: Describe): Donor | null => {
  const candidates = recipe.base === null ? sourcesOf(recipe) : [recipe.base, ...sourcesOf(recipe)];
  for (const written of candidates) {
    const participant = { written, opened: open(written) };
    const architecture = describe(participant);
    if (architecture !== null) return { participant, architecture };
  }
  return null;
};

const describer = (): Describe => {
  const known = new Map<OpenedModel, Architecture>();
  return ({ opened }) => {
    if (opened === null) return null;
    const found = known.get(opened) ?? describeModel(opened);
    known.set(opened, found);
    return found;
  };
};

/** Decides everything about a merge from the recipe and the headers of its models, or says all that is wrong. Does no I/O. */
export const buildPlan = (recipe: Recipe, open: Open, options: PlanOptions): { plan: Plan | null; faults: Fault[] } => {
  const unknown = options.allowUnknown === true ? 'warning' : 'error';
  const { roles, faults: roleFaults } = assignRoles(recipe, open);
  const faults = [...checkParameters(recipe, unknown), ...roleFaults];
  const describe = describer();
  const donor = donorOf(recipe, open, describe);
  if (donor === null) return { plan: null, faults };
  const isSkipping = options.onMismatch === 'skip';
  const outlined = outlineRecipe(recipe, roles, { describe, donor, isSkipping });
  const models = modelTable(roles, donor.participant);
  faults.push(
    ...checkArchitectures(recipe, models.participants, options.allowCrimes === true),
    ...models.participants.flatMap((participant) => checkAdapter(recipe.source, participant)),
    ...outlined.faults,
    ...checkFilters(recipe, outlined.tensors, unknown),
    ...checkCounts(recipe.source, donor.architecture, outlined.stacks),
  );
  const problems = noProblems();
  const grouped = groupAll(recipe, outlined, donor, options, problems);
  checkStacked({ written: donor.participant.written, architecture: donor.architecture }, grouped, problems);
  faults.push(...problemFaults(recipe.source, problems));
  const { method } = recipe;
  if (method === null) return { plan: null, faults };
  const finished = finish({ recipe, method, donor, models, outlined, grouped, describe, options, problems });
  const all = [...faults, ...finished.faults];
  const isComplete = models.participants.every(({ opened }) => opened !== null);
  return { plan: isComplete && !all.some(isError) ? finished.plan() : null, faults: all };
};

const groupAll = (
  recipe: Recipe,
  { tensors, kept, leftOver }: OutlinedRecipe,
  donor: Donor,
  { onMismatch = 'error', truncateEmbeddings = false }: PlanOptions,
  problems: Problems,
): GroupedTensor[] => {
  const { vocabulary } = donor.architecture;
  const mismatch = { onMismatch, truncateEmbeddings, vocabulary };
  for (const { participant, name } of leftOver) countFor(problems.ignored, participant.written, name.stored);
  const merged = tensors.flatMap((tensor): GroupedTensor[] => {
    const group = groupTensor(tensor, recipe.method, mismatch, problems);
    return group === null ? [] : [{ tensor, group }];
  });
  const copied = kept.flatMap((tensor): GroupedTensor[] => {
    const [view] = tensor.views;
    if (view === null || view === undefined) return [];
    return [{ tensor, group: { how: 'copy', shape: view.shape, base: null, inputs: [{ index: 0, view }] } }];
  });
  return [...merged, ...copied];
};

/** The type that config.json should name: that of most tensors. */
const mostCommon = (dtypes: readonly Dtype[]): Dtype => {
  const counts = new Map<Dtype, number>();
  for (const dtype of dtypes) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'F32';
};

type Unfinished = {
  readonly recipe: Recipe;
  readonly method: MethodName;
  readonly donor: Donor;
  readonly models: ModelTable;
  readonly outlined: OutlinedRecipe;
  readonly grouped: readonly GroupedTensor[];
  readonly describe: Describe;
  readonly options: PlanOptions;
  readonly problems: Problems;
};

/** Operations of all tensors, for the faults in them, and the plan for when there are none. */
const finish = (unfinished: Unfinished): { faults: Fault[]; plan: () => Plan } => {
  const { recipe, method, donor, models, outlined, grouped, describe, options, problems } = unfinished;
  const table = operationTable(recipe, method);
  const { drafts, files } = draftSteps(grouped, { recipe, method, models, table });
  const faults = [...table.missing(), ...checkWeights(recipe, table.operations)];
  const plan = (): Plan => {
    const tensors = drafts.map(({ step, dtype }) => ({ name: step.tensor, dtype, shape: step.shape }));
    const { shards, outputs } = layOutShards(tensors, options.shardBytes);
    const steps = drafts.flatMap(({ step }, index): Step[] => {
      const output = outputs[index];
      return output === undefined ? [] : [{ ...step, output }];
    });
    const config = configChanges({
      donor: donor.architecture,
      architectures: models.participants.flatMap((participant) => describe(participant) ?? []),
      grouped,
      stacks: outlined.stacks,
      dtype: mostCommon(drafts.map(({ dtype }) => dtype)),
      isPadded: problems.padded.has(donor.participant.written),
    });
    const opened = models.participants.flatMap((participant) => participant.opened ?? []);
    const unhashed = {
      version: 1 as const,
      method,
      seed: options.seed,
      models: [...models.models],
      files: [...files],
      operations: table.operations,
      rowMaps: [],
      shards,
      steps,
      sideFiles: sideFiles(recipe, donor.architecture.model, opened, {
        config,
        index: shardIndex(tensors, shards, outputs),
        without: () => false,
        instead: [],
        modelCard: options.modelCard !== false,
      }),
      estimate: estimatePlan(steps, table.operations, shards),
    };
    return { ...unhashed, hash: hashOf(unhashed) };
  };
  return { faults, plan };
};
