import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { Fault, FaultDescription } from '../fault.js';
import type { EvaluationTask } from '../protocol/messages.js';
import { parseYaml, validateYaml, type YamlSource } from '../yaml.js';
import { isHarnessTask, readHarnessTask } from './harness-task.js';
import { readTaskData } from './task-data.js';
import { knownKeys, type Split, TaskFile } from './task-file.js';

export type { Split } from './task-file.js';

/** Tasks come as files or as names of files in configs/tasks. */
const taskFile = (nameOrPath: string, cwd: string, shipped: string): string => {
  const candidates = [resolve(cwd, nameOrPath), resolve(shipped, `${nameOrPath}.yaml`)];
  const found = candidates.find((path) => /\.ya?ml$/.test(path) && existsSync(path));
  if (found !== undefined) return found;
  throw new UserError({
    code: 'task-not-found',
    message: `there is no evaluation task \`${nameOrPath}\``,
    hint: 'give a task file, the name of one in configs/tasks, or lm_eval: and the name of a benchmark',
    exitCode: exitCodes.notFound,
  });
};

const kindsMetric = { multiple_choice: 'accuracy', generation: 'rouge', by_row: null } as const;

/** What is wrong between keys that are each right. */
const contradictions = (source: YamlSource, value: TaskFile): Fault[] => {
  const wrong = (key: string, fault: Omit<FaultDescription, 'code'>) =>
    source.faultAt([key], { code: 'invalid-value', ...fault });
  const metric = kindsMetric[value.kind];
  return [
    ...(value.kind === 'generation' && value.max_generation_length === undefined
      ? [wrong('kind', { message: 'a generation task needs `max_generation_length`' })]
      : []),
    ...(value.metric !== undefined && metric !== null && value.metric !== metric
      ? [wrong('metric', { message: `a ${value.kind} task is scored by \`${metric}\`` })]
      : []),
  ];
};

export type ReadTaskOptions = {
  readonly cwd: string;
  /** Folder of the tasks that names stand for. */
  readonly shipped: string;
  readonly split: Split;
  /** Of tasks of lm-evaluation-harness: examples before each question; null or absent leaves it to them. */
  readonly fewShot?: number | null;
};

/** Reads one task for one split; a wrong file comes back as faults with places. */
export const readTask = (
  nameOrPath: string,
  { cwd, shipped, split, fewShot = null }: ReadTaskOptions,
): { task: EvaluationTask | null; faults: Fault[] } => {
  if (isHarnessTask(nameOrPath)) return readHarnessTask(nameOrPath, { cwd, fewShot });
  const file = taskFile(nameOrPath, cwd, shipped);
  const { source, faults } = parseYaml(file, readFileSync(file, 'utf8'));
  if (source === null) return { task: null, faults };
  const { value, faults: invalid } = validateYaml(source, TaskFile, knownKeys);
  if (value === null) return { task: null, faults: [...faults, ...invalid] };
  const { data, faults: lacking } = readTaskData(source, value, split);
  const wrong = [...invalid, ...contradictions(source, value), ...lacking];
  if (data === null || wrong.length > 0) return { task: null, faults: [...faults, ...wrong] };
  return {
    task: {
      name: value.name,
      kind: value.kind,
      data,
      harness: null,
      maxSequenceLength: value.max_sequence_length ?? null,
      maxGenerationLength: value.max_generation_length ?? null,
      choicePrefix: value.choice_prefix ?? 'none',
    },
    faults,
  };
};
