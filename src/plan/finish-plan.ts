import type { Fault } from '../fault.js';
import type { MethodName } from '../protocol/methods.js';
import type { Dtype, Plan, SideFile, Step, StepOutput } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';
import { tokenizerFileNames } from '../tokenizer/tokenizer-files.js';
import { checkAdapterValues } from './adapters/check-values.js';
import { type DraftedAdapters, draftAdapters } from './adapters/draft-updates.js';
import { factorTensors, placeUpdates, withUpdates } from './adapters/place-updates.js';
import { adapterSideFiles } from './adapters/side-files.js';
import { isInAdapterSpace, makesAdapter } from './adapters/space.js';
import type { Donor, PlanOptions } from './build.js';
import { checkValues } from './check-values.js';
import { configChanges } from './config-changes.js';
import { type DraftedStep, draftSteps, type GroupedTensor } from './draft-steps.js';
import { editJson } from './edit-json.js';
import { estimatePlan } from './estimate.js';
import { layOutAdapter, layOutShards, type OutputTensor, shardIndex } from './layout.js';
import type { ModelTable } from './model-table.js';
import { operationTable } from './operations.js';
import type { Describe } from './outline.js';
import type { OutlinedRecipe } from './outline-recipe.js';
import { hashOf } from './plan-hash.js';
import type { Problems } from './problems.js';
import { lostTokenFaults, rowMapTable } from './row-maps.js';
import { type SideFileOptions, sideFiles } from './side-files.js';
import { fileTable } from './steps.js';
import { changedTokenIds } from './token-ids.js';
import type { PlannedVocabulary, Tokenizers } from './vocabulary.js';

/** Which of the donor's tokenizer files are copied, and what takes their place. */
const tokenizerFiles = (
  { files }: PlannedVocabulary,
  generation: readonly SideFile[],
  { copyTokenizer = true }: PlanOptions,
): Pick<SideFileOptions, 'without' | 'instead'> => ({
  without: (name) => (files !== null || !copyTokenizer) && tokenizerFileNames.includes(name),
  instead: [...(copyTokenizer ? (files ?? []) : []), ...generation],
});

/** The type that config.json should name: that of most tensors. */
const mostCommon = (dtypes: readonly Dtype[]): Dtype => {
  const counts = new Map<Dtype, number>();
  for (const dtype of dtypes) counts.set(dtype, (counts.get(dtype) ?? 0) + 1);
  return [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 'F32';
};

const withOutput = ({ tensor, shape, operation, base, inputs }: DraftedStep['step'], output?: StepOutput): Step => {
  if (output === undefined) throw new Error(`${tensor} has no place in the output`);
  return { tensor, shape, operation, base, inputs, output };
};

export type Unfinished = {
  readonly recipe: Recipe;
  readonly method: MethodName;
  readonly donor: Donor;
  readonly models: ModelTable;
  readonly outlined: OutlinedRecipe;
  readonly grouped: readonly GroupedTensor[];
  readonly vocabulary: PlannedVocabulary;
  readonly tokenizers: Tokenizers;
  readonly describe: Describe;
  readonly options: PlanOptions;
  readonly problems: Problems;
};

/** generation_config.json where the ids of its special tokens change. */
const generationConfig = ({ donor, models, vocabulary, tokenizers }: Unfinished): SideFile[] => {
  const { generation } = tokenizers.of(donor.architecture.model);
  if (generation === null || vocabulary.plan === null) return [];
  const { plan } = vocabulary;
  const text = editJson(generation, (config) => ({
    ...config,
    ...changedTokenIds(config, plan, models.indexOf(donor.participant)),
  }));
  return [{ name: 'generation_config.json', source: null, text }];
};

/** Operations of all tensors, for the faults in them, and the plan for when there are none. */
export const finishPlan = (unfinished: Unfinished): { faults: Fault[]; plan: () => Plan } => {
  const { recipe, method, donor, models, outlined, grouped, vocabulary, describe, options, problems } = unfinished;
  const table = operationTable(recipe, method, options.allowUnknown === true);
  const rows = rowMapTable(vocabulary.plan);
  const files = fileTable();
  const drafting = { recipe, method, models, table, rows, files };
  const { drafts, updates }: DraftedAdapters = isInAdapterSpace(recipe)
    ? draftAdapters(grouped, drafting)
    : { drafts: draftSteps(grouped, drafting), updates: [] };
  const faults = [
    ...table.missing(),
    ...lostTokenFaults(recipe.source, rows.lost),
    ...checkValues(recipe, table.operations),
    ...checkAdapterValues(recipe, table.operations, models.participants),
  ];
  const plan = (): Plan => {
    const merged = drafts.map(({ step, dtype }): OutputTensor => ({ name: step.tensor, dtype, shape: step.shape }));
    const tensors = [...merged, ...factorTensors(updates)];
    const isAdapter = makesAdapter(recipe);
    const { shards, outputs } = isAdapter ? layOutAdapter(tensors) : layOutShards(tensors, options.shardBytes);
    const steps = drafts.map(({ step }, index) => withOutput(step, outputs[index]));
    const adapterSteps = placeUpdates(updates, outputs.slice(drafts.length));
    const config = configChanges({
      donor: donor.architecture,
      architectures: models.participants.flatMap((participant) => describe(participant) ?? []),
      grouped,
      stacks: outlined.stacks,
      dtype: mostCommon(drafts.map(({ dtype }) => dtype)),
      tokenizer: vocabulary.plan,
      donorIndex: models.indexOf(donor.participant),
      isPadded: problems.padded.has(donor.participant.written),
    });
    const opened = models.participants.flatMap((participant) => participant.opened ?? []);
    const hasCard = options.modelCard !== false;
    const unhashed = {
      version: 1 as const,
      method,
      seed: options.seed,
      models: [...models.models],
      files: [...files.files],
      operations: table.operations,
      rowMaps: rows.rowMaps,
      shards,
      steps,
      adapterSteps,
      sideFiles: isAdapter
        ? adapterSideFiles(recipe, { updates, replaced: merged.map(({ name }) => name), opened }, hasCard)
        : sideFiles(recipe, donor.architecture.model, opened, {
            config,
            index: shardIndex(tensors, shards, outputs),
            ...tokenizerFiles(vocabulary, generationConfig(unfinished), options),
            modelCard: hasCard,
          }),
      estimate: withUpdates(
        estimatePlan({ steps, operations: table.operations, shards, rowMaps: rows.rowMaps }),
        adapterSteps,
      ),
    };
    return { ...unhashed, hash: hashOf(unhashed) };
  };
  return { faults, plan };
};
