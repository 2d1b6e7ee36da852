import { basename, join, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { exitCodeOf, isError } from '../fault.js';
import { afterDownload } from '../hub/download.js';
import { summarise } from '../plan/summarise.js';
import { openComparedBase } from '../run/compared-base.js';
import { fetchInputs } from '../run/fetch-inputs.js';
import { adapterInMemory, inMemory } from '../run/memory-model.js';
import { evaluateMerge, runMerge } from '../run/merge.js';
import { runMergePart } from '../run/merge-part.js';
import { evaluationName } from '../run/output.js';
import type { PartNumber } from '../run/part-marks.js';
import { planRecipe, refuseFaults } from '../run/plan-recipe.js';
import { makesAdapter } from '../run/plan-size.js';
import { type CliContext, packageRoot, packageVersion } from './context.js';
import { repositoryFinder } from './find-repository.js';
import { type MemoryFlags, withinMemory } from './memory.js';
import { computeOf, type MergekitFlags, refuseUnsafeSerialization } from './mergekit-flags.js';
import { hubEnvironment, type PlanningFlags, planOptions } from './plan-flags.js';
import { pythonFor } from './python.js';
import { runSession, type SessionFlags } from './session.js';
import { evaluationSettings, readTasks, type TaskFlags } from './tasks.js';

export type MergeFlags = SessionFlags &
  TaskFlags &
  PlanningFlags &
  MemoryFlags &
  MergekitFlags & {
    readonly device: string;
    readonly threads?: number;
    readonly force?: boolean;
    /** False: the merge is made in memory, scored and forgotten. */
    readonly save?: boolean;
    /** Only this part of the plan is done; `amalgam finish` publishes. */
    readonly part?: PartNumber;
  };

type Target = { readonly output: string | null; readonly name: string };

/** Where the merge goes and what it is called; without an output it needs tasks, or nothing would come of it. */
const targetOf = (cwd: string, recipe: string, out: string | undefined, { save, tasks }: MergeFlags): Target => {
  if (save === false) {
    if (tasks !== undefined) return { output: null, name: basename(out ?? recipe).replace(/\.ya?ml$/, '') };
    throw new UserError({
      code: 'nothing-to-do',
      message: 'with --no-save and without --eval nothing would come of the merge',
      hint: 'add --eval and names of tasks',
      exitCode: exitCodes.usage,
    });
  }
  if (out !== undefined) return { output: resolve(cwd, out), name: basename(out) };
  throw new UserError({
    code: 'no-output',
    message: 'the folder to make is missing',
    hint: `amalgam merge ${recipe} OUT, or --eval TASKS --no-save to score the merge without saving it`,
    exitCode: exitCodes.usage,
  });
};

/** A part of a model can be neither scored nor forgotten. */
const refuseScoredPart = ({ part, save, tasks }: MergeFlags, out = 'OUT'): void => {
  if (part === undefined || (save !== false && tasks === undefined)) return;
  throw new UserError({
    code: 'part-not-scored',
    message: `--part makes a piece of a model, which ${save === false ? '--no-save would lose' : '--eval cannot score'}`,
    hint: `when all parts are complete: amalgam finish ${out}; amalgam eval ${out} --tasks ${tasks?.join(',') ?? 'TASKS'}`,
    exitCode: exitCodes.usage,
  });
};

/** `amalgam merge RECIPE [OUT]` */
export const merge = async (
  context: CliContext,
  recipe: string,
  out: string | undefined,
  flags: MergeFlags,
): Promise<number> => {
  const { part } = flags;
  const title = part === undefined ? 'merge' : `merge part ${part.number}/${part.of}`;
  const shown = { title, recipe, output: flags.save === false ? null : (out ?? null) };
  let made: string | null = null;
  const code = await runSession(context, flags, shown, async ({ emit, signal }) => {
    refuseScoredPart(flags, out);
    const { output, name } = targetOf(context.cwd, recipe, out, flags);
    refuseUnsafeSerialization(flags);
    const warn = (message: string) => emit({ type: 'log', level: 'warning', message });
    const findRepository = repositoryFinder(hubEnvironment(context.env, flags), { cwd: context.cwd, signal, warn });
    const {
      recipe: read,
      plan,
      faults,
      downloads,
    } = await planRecipe(recipe, {
      cwd: context.cwd,
      findRepository,
      ...planOptions(flags),
    });
    const { tasks, faults: taskFaults } = readTasks(flags, {
      cwd: context.cwd,
      shipped: join(packageRoot, 'configs/tasks'),
    });
    const all = [...faults, ...taskFaults];
    if (all.length > 0) emit({ type: 'faults', faults: all });
    if (plan === null || all.some(isError)) throw refuseFaults(recipe, all, exitCodeOf(all));
    if (output === null && makesAdapter(plan)) throw adapterInMemory();
    const base = tasks.length > 0 ? await openComparedBase(plan, read?.adapterBase ?? null, findRepository) : null;
    const compute = computeOf(flags);
    const fitted = withinMemory(plan, { ...flags, threads: compute.threads, saved: output !== null }, warn);
    const summary = summarise(fitted.plan);
    emit({ type: 'plan-ready', plan: output === null ? inMemory(summary) : summary });
    const { python, environment } = await pythonFor(context, emit);
    await fetchInputs([...downloads, ...(base?.downloads ?? [])], { emit, signal });
    const options = {
      plan: { ...fitted.plan, files: afterDownload(plan.files) },
      streaming: fitted.streaming,
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
    const force = flags.force ?? false;
    made = part === undefined ? output : null;
    if (output === null) await evaluateMerge({ ...options, name });
    else if (part === undefined) await runMerge({ ...options, output, force });
    else await runMergePart({ ...options, output, force, part });
  });
  if (code === 0 && made !== null && !flags.json) context.stdout.write(`${made}\n`);
  return code;
};
