import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pythonFolder } from './worker-environment.js';

const quoted = (text: string): string => `'${text.replaceAll("'", `'\\''`)}'`;

export type QuietPython = {
  /** Program that behaves like the interpreter but reads nothing and prints into the log. */
  readonly program: string;
  readonly remove: () => Promise<void>;
};

/** Wraps an interpreter so that whatever is printed in it, or by its children, cannot reach the terminal. */
export const quietPython = async ({
  python,
  logFile,
  importFrom,
}: {
  readonly python: string;
  readonly logFile: string;
  readonly importFrom: readonly string[];
}): Promise<QuietPython> => {
  const folder = await mkdtemp(join(tmpdir(), 'amalgam-python-'));
  const program = join(folder, 'python');
  const path = [...importFrom, pythonFolder].join(delimiter);
  const script = `#!/bin/sh
exec </dev/null >>${quoted(logFile)} 2>&1
unset PYTHONHOME PYTHONSAFEPATH PYTHONINSPECT
export PYTHONPATH=${quoted(path)}"\${PYTHONPATH:+${delimiter}$PYTHONPATH}"
export PYTHONDONTWRITEBYTECODE=1
exec ${quoted(python)} -u "$@"
`;
  await writeFile(program, script, { mode: 0o700 });
  return { program, remove: () => rm(folder, { recursive: true, force: true }) };
};
