import { join, relative, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { kitResult } from '../evaluation/kit-result.js';
import type { Emit, Scoreboard } from '../events.js';
import { readRecipe } from '../recipe/read-recipe.js';
import { evaluateMerge, runMerge } from '../run/merge.js';
import { planRecipe } from '../run/plan-recipe.js';
import type { CliContext } from './context.js';
import { repositoryFinder } from './find-repository.js';
import type { KitFlags } from './kit-flags.js';
import { listKit } from './kit-list.js';
import { findKitEntry, type KitEntry } from './kit-registry.js';
import { kitTasks } from './kit-tasks.js';
import { hubEnvironment, planOptions } from './plan-flags.js';
import { prepareMerge } from './prepare-merge.js';
import { runSession, type Session } from './session.js';

type Names = { readonly name: string | undefined; readonly out: string | undefined };

/** `-m NAME` leaves the first argument to be the output. */
const namesOf = ({ name, out }: Names, { merging_method: method }: KitFlags): Names =>
  method === undefined ? { name, out } : { name: method, out: name };

/** The flags with the kit's spellings under our names. */
const plainFlags = (flags: KitFlags): KitFlags => {
  const data = flags.data ?? flags.dataset_filepaths;
  const results = flags.results ?? flags.output_folder;
  const batchSize = flags.batchSize ?? flags.eval_batch_size;
  return { ...flags, ...(data && { data }), ...(results && { results }), ...(batchSize && { batchSize }) };
};

type KitRun = {
  readonly context: CliContext;
  readonly entry: KitEntry;
  /** Null: the merge is made in memory. */
  readonly output: string | null;
  readonly flags: KitFlags;
};

const mergeAndScore = async ({ context, entry, output, flags }: KitRun, { emit, signal }: Session): Promise<void> => {
  const { cwd, env } = context;
  const { name: registered, file } = entry;
  const { recipe } = readRecipe(file, { cwd, registered, allowUnknown: flags.allowUnknown });
  const { tasks, faults: taskFaults } =
    flags.eval === false ? { tasks: [], faults: [] } : kitTasks(flags, recipe?.kit ?? null, { cwd, config: file });
  const warn = (message: string) => emit({ type: 'log', level: 'warning', message });
  const findRepository = repositoryFinder(hubEnvironment(env, flags), { cwd, signal, warn });
  const planned = await planRecipe(file, { cwd, registered, findRepository, ...planOptions(flags) });
  const order = { shown: relative(cwd, file), planned, tasks, taskFaults, findRepository, output };
  const compute = { device: flags.device, threads: flags.threads ?? null };
  const options = await prepareMerge(context, { ...order, flags, compute, warn }, { emit, signal });
  if (output === null) await evaluateMerge({ ...options, name: registered });
  else await runMerge({ ...options, output, force: flags.force ?? false });
};

const resultOf = ({ rows }: Scoreboard) => kitResult(rows.find(({ role }) => role === 'merge')?.scores ?? []);

const nothingToDo = (): UserError =>
  new UserError({
    code: 'nothing-to-do',
    message: 'with --no-save and --no-eval nothing would come of the merge',
    hint: 'leave one of them out',
    exitCode: exitCodes.usage,
  });

/** `amalgam kit [NAME] [OUT]`: merges what a registered name says and scores it; without a name lists them. */
export const kit = async (context: CliContext, given: Names, written: KitFlags): Promise<number> => {
  const { cwd, stdout } = context;
  const flags = plainFlags(written);
  const { name, out } = namesOf(given, flags);
  const entry = findKitEntry({ name, config: flags.config }, cwd);
  if (entry === undefined) return listKit(context, flags.json ?? false);
  if (flags.save === false && flags.eval === false) throw nothingToDo();
  const folder = flags.save === false ? null : (out ?? join('output', entry.name));
  const output = folder === null ? null : resolve(cwd, folder);
  const shown = { title: 'kit', recipe: relative(cwd, entry.file), output: folder };
  let scoreboard: Scoreboard | null = null;
  const code = await runSession(context, flags, shown, ({ emit, signal }) => {
    const watched: Emit = (event) => {
      if (event.type === 'evaluation-finished') scoreboard = event.scoreboard;
      emit(event);
    };
    return mergeAndScore({ context, entry, output, flags }, { emit: watched, signal });
  });
  if (code !== 0) return code;
  if (flags.json && scoreboard !== null) stdout.write(`${JSON.stringify(resultOf(scoreboard))}\n`);
  if (!flags.json && output !== null) stdout.write(`${output}\n`);
  return code;
};
