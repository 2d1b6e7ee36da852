import { type ExitCode, exitCodes } from '../errors.js';
import { paintRow, type Row, span } from '../report/rows.js';
import { type Role, type Style, styleFor } from '../report/style.js';
import { inspectPython } from '../runtime/inspect.js';
import { packageVersion } from './context.js';
import { type Check, checkMachine, checkNode, checkPython } from './doctor-checks.js';

export type DoctorOptions = {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdout: NodeJS.WriteStream;
  readonly json: boolean;
  /** Also compute something in the Python that was chosen; sets it up if need be. */
  readonly live?: boolean;
};

const roles: Record<Check['state'], Role> = { ok: 'good', note: 'muted', warning: 'warning', failed: 'bad' };

const rowsOf = ({ name, state, text, fix }: Check, { glyphs }: Style): readonly Row[] => {
  const glyph = { ok: glyphs.done, note: glyphs.dot, warning: '!', failed: glyphs.failed }[state];
  const line: Row = [span(`${glyph} ${state.padEnd(8)}`, roles[state]), span(name.padEnd(14), 'strong'), span(text)];
  return fix === null ? [line] : [line, [span(`${' '.repeat(10)}fix: `, 'accent'), span(fix)]];
};

/** Shows what amalgam found on this machine, what it chose and why, with a fix for each fault. Makes nothing unless `live`. */
export const doctor = async ({ env, cwd, stdout, json, live = false }: DoctorOptions): Promise<ExitCode> => {
  const python = await checkPython(await inspectPython({ env, cwd }), env);
  const checks = [...checkNode(), ...python, ...checkMachine({ env, cwd }, stdout)];
  if (live) {
    const [{ preparePython }, { liveChecks }] = await Promise.all([
      import('../runtime/prepare.js'),
      import('./live-checks.js'),
    ]);
    checks.push(...(await liveChecks((await preparePython({ env, cwd, report: () => {} })).python)));
  }
  const ok = checks.every(({ state }) => state !== 'failed');
  if (json) {
    stdout.write(`${JSON.stringify({ version: packageVersion, ok, checks }, null, 2)}\n`);
  } else {
    const style = styleFor(stdout, env);
    for (const check of checks) for (const row of rowsOf(check, style)) stdout.write(`${paintRow(row, style)}\n`);
  }
  return ok ? exitCodes.ok : exitCodes.failed;
};
