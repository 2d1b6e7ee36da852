import { join, resolve } from 'node:path';
import { exitCodeOf, isError } from '../fault.js';
import { afterDownload } from '../hub/download.js';
import { summarise } from '../plan/summarise.js';
import { fetchInputs } from '../run/fetch-inputs.js';
import { runMerge } from '../run/merge.js';
import { evaluationName } from '../run/output.js';
import { planRecipe, refuseFaults } from '../run/plan-recipe.js';
import { type CliContext, packageRoot, packageVersion } from './context.js';
import { repositoryFinder } from './find-repository.js';
import { computeOf, type MergekitFlags, refuseUnsafeSerialization } from './mergekit-flags.js';
import { hubEnvironment, type PlanningFlags, planOptions } from './plan-flags.js';
import { pythonFor } from './python.js';
import { runSession, type SessionFlags } from './session.js';
import { evaluationSettings, readTasks, type TaskFlags } from './tasks.js';

export type MergeFlags = SessionFlags &
  TaskFlags &
  PlanningFlags &
  MergekitFlags & {
    readonly device: string;
    readonly threads?: number;
    readonly force?: boolean;
  };

/** `amalgam merge RECIPE OUT` */
export const merge = async (context: CliContext, recipe: string, out: string, flags: MergeFlags): Promise<number> => {
  const output = resolve(context.cwd, out);
  const code = await runSession(context, flags, { title: 'merge', recipe, output: out }, async ({ emit, signal }) => {
    refuseUnsafeSerialization(flags);
    const { plan, faults, downloads } = await planRecipe(recipe, {
      cwd: context.cwd,
      findRepository: repositoryFinder(hubEnvironment(context.env, flags), { cwd: context.cwd, signal }),
      ...planOptions(flags),
    });
    const { tasks, faults: taskFaults } = readTasks(flags, {
      cwd: context.cwd,
      shipped: join(packageRoot, 'configs/tasks'),
    });
    const all = [...faults, ...taskFaults];
    if (all.length > 0) emit({ type: 'faults', faults: all });
    if (plan === null || all.some(isError)) throw refuseFaults(recipe, all, exitCodeOf(all));
    emit({ type: 'plan-ready', plan: summarise(plan) });
    const { python, environment } = await pythonFor(context, emit);
    await fetchInputs(downloads, { emit, signal });
    await runMerge({
      plan: { ...plan, files: afterDownload(plan.files) },
      output,
      force: flags.force ?? false,
      version: packageVersion,
      tasks,
      evaluation: evaluationSettings(flags, context, join(output, evaluationName)),
      python,
      environment,
      ...computeOf(flags),
      emit,
      signal,
    });
  });
  if (code === 0 && !flags.json) context.stdout.write(`${output}\n`);
  return code;
};
