import { existsSync, readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { z } from 'zod';
import { exitCodes, UserError } from '../errors.js';
import type { Fault } from '../fault.js';
import { faultWithoutPlace } from '../fault.js';
import { suggestion } from '../nearest.js';
import type { EvaluationTask } from '../protocol/messages.js';
import { parseYaml, validateYaml } from '../yaml.js';

/** `dev` is for choosing coefficients, `test` for reporting. */
export const Split = z.enum(['dev', 'test']);
export type Split = z.infer<typeof Split>;

const TaskFile = z.strictObject({
  name: z.string(),
  description: z.string(),
  kind: z.enum(['multiple_choice', 'generation']),
  /** CSV per split, relative to the task's file. */
  data: z.partialRecord(Split, z.string()),
  metric: z.enum(['accuracy', 'rouge']),
  max_sequence_length: z.int().min(1),
  max_generation_length: z.int().min(1).optional(),
});

/** Tasks come as files or as names of files in configs/tasks. */
const taskFile = (nameOrPath: string, cwd: string, shipped: string): string => {
  const candidates = [resolve(cwd, nameOrPath), resolve(shipped, `${nameOrPath}.yaml`)];
  const found = candidates.find((path) => /\.ya?ml$/.test(path) && existsSync(path));
  if (found !== undefined) return found;
  throw new UserError({
    code: 'task-not-found',
    message: `there is no evaluation task \`${nameOrPath}\``,
    hint: 'give a task file, or the name of one in configs/tasks',
    exitCode: exitCodes.notFound,
  });
};

export type ReadTaskOptions = { readonly cwd: string; readonly shipped: string; readonly split: Split };

/** Reads one task for one split; a wrong file comes back as faults with places. */
export const readTask = (
  nameOrPath: string,
  { cwd, shipped, split }: ReadTaskOptions,
): { task: EvaluationTask | null; faults: Fault[] } => {
  const file = taskFile(nameOrPath, cwd, shipped);
  const { source, faults } = parseYaml(file, readFileSync(file, 'utf8'));
  if (source === null) return { task: null, faults };
  const validated = validateYaml(source, TaskFile, () => Object.keys(TaskFile.shape));
  const { value } = validated;
  if (value === null || validated.faults.length > 0) return { task: null, faults: validated.faults };
  const data = value.data[split];
  if (data === undefined) {
    const hint = suggestion(split, Object.keys(value.data));
    return {
      task: null,
      faults: [source.faultAt(['data'], { code: 'split-missing', message: `no \`${split}\` data`, hint }, 'key')],
    };
  }
  const dataFile = resolve(dirname(file), data);
  if (!existsSync(dataFile)) {
    const fault = { code: 'data-not-found', message: `there is no file ${dataFile}`, exitCode: exitCodes.notFound };
    return { task: null, faults: [source.faultAt(['data', split], fault)] };
  }
  if (value.kind === 'generation' && value.max_generation_length === undefined) {
    return {
      task: null,
      faults: [
        faultWithoutPlace({ code: 'invalid-value', message: 'a generation task needs `max_generation_length`' }, file),
      ],
    };
  }
  return {
    task: {
      name: value.name,
      kind: value.kind,
      data: { format: 'csv', source: dataFile, subset: null, split: null, revision: null, columns: {} },
      harness: null,
      maxSequenceLength: value.max_sequence_length,
      maxGenerationLength: value.max_generation_length ?? null,
      choicePrefix: 'none',
    },
    faults: [],
  };
};
