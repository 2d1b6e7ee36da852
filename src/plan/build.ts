import { type Fault, isError } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { Plan } from '../protocol/plan.js';
import { checkParameters } from '../recipe/check-parameters.js';
import { type AdapterMerge, type Recipe, sourcesOf } from '../recipe/recipe.js';
import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import { checkAdapterSpace } from './adapters/check-space.js';
import { type Architecture, describeModel } from './architecture.js';
import { checkAdapter, checkExpertAdapters } from './check-adapter.js';
import { checkArchitectures } from './check-architectures.js';
import { checkFilters } from './check-filters.js';
import { checkStacked } from './check-stacked.js';
import { checkCounts } from './config-changes.js';
import type { GroupedTensor } from './draft-steps.js';
import { finishPlan } from './finish-plan.js';
import { fitShapes, smallestVocabulary } from './fit-shapes.js';
import { groupTensor } from './group.js';
import { modelTable } from './model-table.js';
import type { Describe } from './outline.js';
import { type OutlinedRecipe, outlineRecipe } from './outline-recipe.js';
import { problemFaults } from './problem-faults.js';
import { countFor, forgetMisfits, noProblems, type Problems } from './problems.js';
import { assignRoles, type Open, type Participant } from './roles.js';
import { nameReaders } from './tensor-name.js';
import { planVocabulary, type Tokenizers } from './vocabulary.js';

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
  /** In place of what the recipe says of adapters. */
  readonly adapters?: Partial<AdapterMerge> | undefined;
};

/** The model whose configuration the output has. */
export type Donor = { readonly participant: Participant; readonly architecture: Architecture };

/** The base, else the first model that could be opened. */
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
  const readers = nameReaders();
  return ({ opened }) => {
    if (opened === null) return null;
    const found = known.get(opened) ?? describeModel(opened, readers);
    known.set(opened, found);
    return found;
  };
};

/** What was read of the models of a recipe. */
export type PlanInputs = { readonly open: Open; readonly tokenizers: Tokenizers };

/** Decides everything about a merge from the recipe and the headers of its models, or says all that is wrong. Does no I/O. */
export const buildPlan = (
  written: Recipe,
  { open, tokenizers }: PlanInputs,
  options: PlanOptions,
): { plan: Plan | null; faults: Fault[] } => {
  const recipe = { ...written, adapters: { ...written.adapters, ...options.adapters } };
  const unknown = options.allowUnknown === true ? 'warning' : 'error';
  const { roles, faults: roleFaults } = assignRoles(recipe, open);
  const faults = [...checkParameters(recipe, unknown), ...roleFaults];
  const describe = describer();
  const donor = donorOf(recipe, open, describe);
  if (donor === null) return { plan: null, faults };
  const isSkipping = options.onMismatch === 'skip';
  const outlined = outlineRecipe(recipe, roles, { describe, donor, isSkipping });
  const models = modelTable(roles, donor.participant, recipe.method);
  faults.push(
    ...checkArchitectures(recipe, models.participants, options.allowCrimes === true),
    ...models.participants.flatMap((participant) => checkAdapter(recipe.source, participant)),
    ...checkAdapterSpace(recipe, roles),
    ...outlined.faults,
    ...checkFilters(recipe, outlined.tensors, unknown),
    ...checkCounts(recipe.source, donor.architecture, outlined.stacks),
  );
  const problems = noProblems();
  const vocabulary = planVocabulary({
    recipe,
    models,
    describe,
    donor: donor.architecture,
    tokenizers,
    isSettled: options.truncateEmbeddings === true || (options.onMismatch ?? 'error') !== 'error',
  });
  faults.push(...vocabulary.faults);
  const grouped = groupAll(recipe, outlined, donor, vocabulary.plan, options, problems);
  checkStacked({ written: donor.participant.written, architecture: donor.architecture }, grouped, problems);
  // What tokens mean has been said: that the numbers of rows differ, too, follows.
  if (vocabulary.faults.some(isError)) forgetMisfits(problems, 'vocabulary');
  faults.push(...problemFaults(recipe.source, problems), ...checkExpertAdapters(recipe.source, grouped));
  const { method } = recipe;
  if (method === null) return { plan: null, faults };
  const context = {
    recipe,
    method,
    donor,
    models,
    outlined,
    grouped,
    vocabulary,
    tokenizers,
    describe,
    options,
    problems,
  };
  const finished = finishPlan(context);
  const all = [...faults, ...finished.faults];
  const isComplete = models.participants.every(({ opened }) => opened !== null);
  return { plan: isComplete && !all.some(isError) ? finished.plan() : null, faults: all };
};

const groupAll = (
  recipe: Recipe,
  { tensors, kept, leftOver }: OutlinedRecipe,
  donor: Donor,
  tokenizer: TokenizerPlan | null,
  { onMismatch = 'error', truncateEmbeddings = false }: PlanOptions,
  problems: Problems,
): GroupedTensor[] => {
  const { vocabulary, model } = donor.architecture;
  const smallest = truncateEmbeddings ? smallestVocabulary([...tensors, ...kept], model.checkpoint.config) : null;
  const mismatch = { onMismatch, truncateEmbeddings, vocabulary, smallest, rows: tokenizer?.vocabSize ?? null };
  for (const { participant, name } of leftOver) countFor(problems.ignored, participant.written, name.stored);
  const grouped: GroupedTensor[] = [];
  for (const tensor of tensors) {
    const group = groupTensor(tensor, recipe.method, mismatch, problems);
    if (group !== null) grouped.push({ tensor, group });
  }
  for (const tensor of kept) {
    const [view] = tensor.views;
    const fitted = view ? fitShapes(tensor, [{ index: 0, view }], mismatch, problems) : null;
    if (fitted === null) continue;
    const { shape, rows, members: inputs } = fitted;
    grouped.push({ tensor, group: { how: 'copy', shape, base: null, inputs, rows } });
  }
  return grouped;
};
