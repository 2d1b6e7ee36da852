import { join, relative, resolve } from 'node:path';
import type { Emit, Scoreboard } from '../events.js';
import { exitCodeOf, isError } from '../fault.js';
import { afterDownload } from '../hub/download.js';
import { summarise } from '../plan/summarise.js';
import { readRecipe } from '../recipe/read-recipe.js';
import { fetchInputs } from '../run/fetch-inputs.js';
import { runMerge } from '../run/merge.js';
import { evaluationName } from '../run/output.js';
import { planRecipe, refuseFaults } from '../run/plan-recipe.js';
import { type CliContext, packageVersion } from './context.js';
import { repositoryFinder } from './find-repository.js';
import type { KitFlags } from './kit-flags.js';
import { listKit } from './kit-list.js';
import { findKitEntry, type KitEntry } from './kit-registry.js';
import { kitResult } from './kit-result.js';
import { kitTasks } from './kit-tasks.js';
import { hubEnvironment, planOptions } from './plan-flags.js';
import { pythonFor } from './python.js';
import { runSession, type Session } from './session.js';
import { evaluationSettings } from './tasks.js';

type Names = { readonly name: string | undefined; readonly out: string | undefined };

/** `-m NAME` leaves the first argument to be the output. */
const namesOf = ({ name, out }: Names, { merging_method: method, output_folder: folder }: KitFlags): Names =>
  method === undefined ? { name, out: out ?? folder } : { name: method, out: name ?? folder };

type KitRun = {
  readonly context: CliContext;
  readonly entry: KitEntry;
  readonly output: string;
  readonly flags: KitFlags;
};

const mergeAndScore = async ({ context, entry, output, flags }: KitRun, { emit, signal }: Session): Promise<void> => {
  const { cwd, env } = context;
  const { name: registered, file } = entry;
  const { recipe } = readRecipe(file, { cwd, registered, allowUnknown: flags.allowUnknown });
  const wanted = { data: flags.data ?? flags.dataset_filepaths, tasks: flags.tasks, split: flags.split };
  const { tasks, faults: taskFaults } =
    flags.eval === false ? { tasks: [], faults: [] } : kitTasks(wanted, recipe?.kit ?? null, { cwd, config: file });
  const warn = (message: string) => emit({ type: 'log', level: 'warning', message });
  const { plan, faults, downloads } = await planRecipe(file, {
    cwd,
    registered,
    findRepository: repositoryFinder(hubEnvironment(env, flags), { cwd, signal, warn }),
    ...planOptions(flags),
  });
  const all = [...faults, ...taskFaults];
  if (all.length > 0) emit({ type: 'faults', faults: all });
  if (plan === null || all.some(isError)) throw refuseFaults(relative(cwd, file), all, exitCodeOf(all));
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
    device: flags.device,
    threads: flags.threads ?? null,
    emit,
    signal,
  });
};

/** `amalgam kit [NAME] [OUT]`: merges what a registered name says and scores it; without a name lists them. */
export const kit = async (context: CliContext, given: Names, flags: KitFlags): Promise<number> => {
  const { cwd, stdout } = context;
  const { name, out } = namesOf(given, flags);
  const entry = findKitEntry({ name, config: flags.config }, cwd);
  if (entry === undefined) return listKit(context, flags.json ?? false);
  const folder = out ?? join('output', entry.name);
  const output = resolve(cwd, folder);
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
  if (!flags.json) stdout.write(`${output}\n`);
  else if (scoreboard !== null) stdout.write(`${JSON.stringify(kitResult(scoreboard))}\n`);
  return code;
};
