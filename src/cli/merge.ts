import { basename, join, resolve } from 'node:path';
import type { AheadWorker } from '../bridge/start-ahead.js';
import { exitCodes, UserError } from '../errors.js';
import { evaluateMerge, runMerge } from '../run/merge.js';
import { runMergePart } from '../run/merge-part.js';
import type { PartNumber } from '../run/part-marks.js';
import { planRecipe } from '../run/plan-recipe.js';
import { type CliContext, packageRoot } from './context.js';
import { repositoryFinder } from './find-repository.js';
import type { MemoryFlags } from './memory-flags.js';
import { computeOf, type MergekitFlags, refuseUnsafeSerialization } from './mergekit-flags.js';
import { hubEnvironment, type PlanningFlags, planOptions } from './plan-flags.js';
import { prepareMerge } from './prepare-merge.js';
import { runSession, type SessionFlags } from './session.js';
import { readTasks, type TaskFlags } from './tasks.js';

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

/** `amalgam merge RECIPE [OUT]`; a worker that was started ahead has ended when this returns. */
export const merge = async (
  context: CliContext,
  recipe: string,
  out: string | undefined,
  flags: MergeFlags,
  ahead?: AheadWorker,
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
    const planned = await planRecipe(recipe, { cwd: context.cwd, findRepository, ...planOptions(flags) });
    const read = readTasks(flags, { cwd: context.cwd, shipped: join(packageRoot, 'configs/tasks') });
    const order = { shown: recipe, planned, tasks: read.tasks, taskFaults: read.faults, findRepository, output };
    const compute = computeOf(flags);
    const options = {
      ...(await prepareMerge(context, { ...order, flags, compute, warn }, { emit, signal })),
      ahead,
    };
    const force = flags.force ?? false;
    made = part === undefined ? output : null;
    if (output === null) await evaluateMerge({ ...options, name });
    else if (part === undefined) await runMerge({ ...options, output, force });
    else await runMergePart({ ...options, output, force, part });
  });
  await ahead?.end();
  if (code === 0 && made !== null && !flags.json) context.stdout.write(`${made}\n`);
  return code;
};
