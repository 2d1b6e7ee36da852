import { resolve } from 'node:path';
import { finishParts } from '../run/finish-parts.js';
import { type CliContext, packageVersion } from './context.js';
import { runSession, type SessionFlags } from './session.js';

export type FinishFlags = SessionFlags & {
  readonly force?: boolean;
  /** Whether every tensor is read again. */
  readonly verify?: boolean;
};

/** `amalgam finish OUT`: publishes a merge whose parts are complete. */
export const finish = async (context: CliContext, out: string, flags: FinishFlags): Promise<number> => {
  const { cwd, stdout } = context;
  const output = resolve(cwd, out);
  const shown = { title: 'finish', recipe: null, output: out };
  const code = await runSession(context, flags, shown, async ({ emit, signal }) => {
    const { force = false, verify = false } = flags;
    await finishParts({ output, force, verify, version: packageVersion, emit, signal });
  });
  if (code === 0 && !flags.json) stdout.write(`${output}\n`);
  return code;
};
