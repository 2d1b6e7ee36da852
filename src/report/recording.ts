import { readFile } from 'node:fs/promises';
import { exitCodes, UserError } from '../errors.js';
import { RunEvent } from '../events.js';

const parseLine = (text: string, where: string): RunEvent => {
  const damaged = (reason: string, cause?: unknown) =>
    new UserError({
      code: 'bad-recording',
      message: `${where}: ${reason}`,
      hint: 'a recording is the output of `amalgam merge --json`, one event per line',
      exitCode: exitCodes.integrity,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw damaged('not a line of JSON', error);
  }
  const result = RunEvent.safeParse(value);
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  throw damaged(`not an event: ${[issue?.path.join('.'), issue?.message].filter(Boolean).join(': ')}`);
};

/** Parses recorded NDJSON; `name` is the file named in errors. Throws UserError `bad-recording` with file and line. */
export const parseRecording = (text: string, name: string): RunEvent[] =>
  text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [parseLine(line, `${name}:${index + 1}`)]));

/** Reads a recorded run. Throws UserError `recording-not-found` or `bad-recording`. */
export const readRecording = async (path: string): Promise<RunEvent[]> => {
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    throw new UserError({
      code: 'recording-not-found',
      message: `cannot read ${path}: ${error instanceof Error ? error.message : String(error)}`,
      hint: 'record one with `amalgam merge RECIPE OUT --json > run.ndjson`',
      exitCode: exitCodes.notFound,
      cause: error,
    });
  }
  const events = parseRecording(text, path);
  if (events.length > 0) return events;
  throw new UserError({
    code: 'bad-recording',
    message: `${path}: no events`,
    hint: 'record one with `amalgam merge RECIPE OUT --json > run.ndjson`',
    exitCode: exitCodes.integrity,
  });
};
