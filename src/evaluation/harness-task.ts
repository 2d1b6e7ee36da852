import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { type Fault, faultWithoutPlace } from '../fault.js';
import type { EvaluationTask } from '../protocol/messages.js';

const prefix = 'lm_eval:';

/** Whether a task is one of lm-evaluation-harness: `lm_eval:arc_easy`, or `lm_eval:path/to/task.yaml`. */
export const isHarnessTask = (name: string): boolean => name.startsWith(prefix);

const textOf = (file: string): string => {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    throw new UserError({
      code: 'task-not-found',
      message: `there is no task file ${file}`,
      hint: 'after `lm_eval:` give a name that lm-evaluation-harness knows, or a task file of its kind',
      exitCode: exitCodes.notFound,
      cause,
    });
  }
};

// The harness's files hold tags that stand for Python code; only this line of theirs is needed.
const taskLine = /^task:[ \t]*(["']?)([\w./-]+)\1[ \t]*(?:#.*)?\r?$/m;

/** A task of lm-evaluation-harness with so many examples before each question; null leaves that to the task. */
export const readHarnessTask = (
  text: string,
  { cwd, fewShot }: { readonly cwd: string; readonly fewShot: number | null },
): { task: EvaluationTask | null; faults: Fault[] } => {
  const named = text.slice(prefix.length);
  const file = /\.ya?ml$/.test(named) ? resolve(cwd, named) : null;
  const task = file === null ? named : taskLine.exec(textOf(file))?.[2];
  if (task === undefined || !/^[\w./-]+$/.test(task)) {
    const message = file === null ? `\`${text}\` names no task` : 'no `task:` line that names the task';
    return { task: null, faults: [faultWithoutPlace({ code: 'invalid-value', message }, file)] };
  }
  return {
    task: {
      name: task,
      kind: 'harness',
      data: null,
      harness: { task, includePath: file === null ? null : dirname(file), fewShot },
      maxSequenceLength: null,
      maxGenerationLength: null,
      choicePrefix: 'none',
    },
    faults: [],
  };
};
