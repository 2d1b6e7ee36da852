import { join } from 'node:path';
import { exitCodeOf, type Fault, isError } from '../fault.js';
import { afterDownload } from '../hub/download.js';
import type { FindRepository } from '../hub/open-model.js';
import { summarise } from '../plan/summarise.js';
import type { EvaluationTask } from '../protocol/messages.js';
import { openComparedBase } from '../run/compared-base.js';
import { fetchInputs } from '../run/fetch-inputs.js';
import { adapterInMemory, inMemory } from '../run/memory-model.js';
import type { MergeOptions } from '../run/merge.js';
import { evaluationName } from '../run/output.js';
import { type PlannedRecipe, refuseFaults } from '../run/plan-recipe.js';
import { makesAdapter } from '../run/plan-size.js';
import { type CliContext, packageVersion } from './context.js';
import { withinMemory } from './memory.js';
import type { MemoryFlags } from './memory-flags.js';
import { pythonFor } from './python.js';
import type { Session } from './session.js';
import { evaluationSettings, type TaskFlags } from './tasks.js';

/** A merge as its command has read it. */
export type MergeOrder = {
  /** What to call the recipe in a refusal. */
  readonly shown: string;
  readonly planned: PlannedRecipe;
  readonly tasks: readonly EvaluationTask[];
  readonly taskFaults: readonly Fault[];
  readonly findRepository: FindRepository;
  /** Null: the merge is made in memory. */
  readonly output: string | null;
  readonly flags: TaskFlags & MemoryFlags;
  readonly compute: Pick<MergeOptions, 'device' | 'threads'>;
  readonly warn: (message: string) => void;
};

/** Tells or refuses what was read, then gets all that the worker needs: an interpreter and the models' files. */
export const prepareMerge = async (
  context: CliContext,
  { shown, planned, tasks, taskFaults, findRepository, output, flags, compute, warn }: MergeOrder,
  { emit, signal }: Session,
): Promise<Omit<MergeOptions, 'output' | 'force'>> => {
  const { recipe, plan, downloads } = planned;
  const faults = [...planned.faults, ...taskFaults];
  if (faults.length > 0) emit({ type: 'faults', faults });
  if (plan === null || faults.some(isError)) throw refuseFaults(shown, faults, exitCodeOf(faults));
  if (output === null && makesAdapter(plan)) throw adapterInMemory();
  const base = tasks.length > 0 ? await openComparedBase(plan, recipe?.adapterBase ?? null, findRepository) : null;
  const fitted = withinMemory(plan, { ...flags, ...compute, saved: output !== null }, warn);
  const summary = summarise(fitted.plan);
  emit({ type: 'plan-ready', plan: output === null ? inMemory(summary) : summary });
  const { python, environment } = await pythonFor(context, emit);
  await fetchInputs([...downloads, ...(base?.downloads ?? [])], { emit, signal });
  return {
    plan: { ...fitted.plan, files: afterDownload(plan.files) },
    streamingOn: fitted.streamingOn,
    comparedBase: base?.path ?? null,
    version: packageVersion,
    tasks,
    evaluation: evaluationSettings(flags, context, output === null ? null : join(output, evaluationName)),
    python,
    environment,
    ...compute,
    emit,
    signal,
  };
};
