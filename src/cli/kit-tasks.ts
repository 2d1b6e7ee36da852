import { existsSync } from 'node:fs';
import { basename, dirname, extname, join, resolve } from 'node:path';
import { exitCodes } from '../errors.js';
import { readTask, type Split } from '../evaluation/task.js';
import { formatOf, isFile } from '../evaluation/task-data.js';
import { type Fault, type FaultDescription, faultWithoutPlace } from '../fault.js';
import type { EvaluationTask } from '../protocol/messages.js';
import type { KitSettings } from '../recipe/recipe.js';
import { packageRoot } from './context.js';
import { repeatedTasks } from './tasks.js';

/** What the kit's newer versions are evaluated on when nothing is said. */
const defaultData = ['data/validation/cosmos_qa.csv', 'data/validation/xsum.csv'] as const;

/** What generation in transformers takes when it is told nothing, and so what the kit takes. */
const defaultGenerationLength = 20;

export type KitTaskSource = {
  /** Data files in the kit's form; an answer for every row is of the kind that the row says. */
  readonly data?: readonly string[] | undefined;
  /** Names or files of tasks. */
  readonly tasks?: readonly string[] | undefined;
  readonly split: Split;
};

type ReadTasks = { readonly tasks: readonly EvaluationTask[]; readonly faults: readonly Fault[] };

/** A data file as a task that is scored as the kit scores it. */
const taskOfData = (path: string, settings: KitSettings | null): EvaluationTask => ({
  name: basename(path, extname(path)),
  kind: 'by_row',
  data: { format: formatOf(path) ?? 'csv', source: path, subset: null, split: null, revision: null, columns: {} },
  harness: null,
  maxSequenceLength: settings?.maxSequenceLength ?? null,
  maxGenerationLength: settings?.maxGenerationLength ?? defaultGenerationLength,
  choicePrefix: settings?.architecture === 'encoder_decoder' ? 'none' : 'bos',
});

const missing = (fault: Omit<FaultDescription, 'exitCode'>): Fault =>
  faultWithoutPlace({ ...fault, exitCode: exitCodes.notFound });

const readData = (files: readonly string[], settings: KitSettings | null, cwd: string): ReadTasks => {
  const paths = files.map((file) => resolve(cwd, file));
  const absent = files.filter((_, index) => !isFile(paths[index] ?? ''));
  const unknown = files.filter((file) => !absent.includes(file) && formatOf(file) === null);
  return {
    tasks: paths.map((path) => taskOfData(path, settings)),
    faults: [
      ...absent.map((file) => missing({ code: 'data-not-found', message: `there is no data file ${file}` })),
      ...unknown.map((file) =>
        faultWithoutPlace({
          code: 'data-format',
          message: `the format of ${file} is not known`,
          hint: 'name it .csv or .jsonl',
        }),
      ),
    ],
  };
};

const noData = (absent: readonly string[]): Fault =>
  missing({
    code: 'no-data',
    message: `there is nothing to score the merge on: the kit's ${absent.join(' and ')} ${absent.length === 1 ? 'is' : 'are'} not here`,
    hint: 'run in a checkout of the LLM-Merging starter kit, give CSV files with `--data`, tasks with `--tasks`, or only merge with `--no-eval`',
  });

/** The tasks of a run: of the flags, else of the config, else the kit's own data. */
export const kitTasks = (
  { data, tasks, split }: KitTaskSource,
  settings: KitSettings | null,
  { cwd, config }: { readonly cwd: string; readonly config: string },
): ReadTasks => {
  const shipped = join(packageRoot, 'configs/tasks');
  const named = [
    ...(tasks ?? []).map((name) => readTask(name, { cwd, shipped, split })),
    ...(data === undefined && tasks === undefined
      ? (settings?.tasks ?? []).map((name) => readTask(name, { cwd: dirname(config), shipped, split }))
      : []),
  ];
  const read = readData(data ?? [], settings, cwd);
  const found = [...named.flatMap(({ task }) => task ?? []), ...read.tasks];
  const faults = [...named.flatMap((each) => each.faults), ...read.faults, ...repeatedTasks(found)];
  if (found.length > 0 || faults.length > 0) return { tasks: found, faults };
  const absent = defaultData.filter((file) => !existsSync(resolve(cwd, file)));
  return absent.length > 0 ? { tasks: [], faults: [noData(absent)] } : readData(defaultData, settings, cwd);
};
