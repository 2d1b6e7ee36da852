import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** What a command may touch of the process; tests pass their own. */
export type CliContext = {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly stdin: NodeJS.ReadStream;
  readonly stdout: NodeJS.WriteStream;
  readonly stderr: NodeJS.WriteStream;
};

/** The folder that holds configs/, zoo/ and py/. */
export const packageRoot = fileURLToPath(new URL('../..', import.meta.url));

export const packageVersion = (JSON.parse(readFileSync(`${packageRoot}/package.json`, 'utf8')) as { version: string })
  .version;

/** Whether a dashboard may be drawn: a terminal on both sides and nobody asked for lines. */
export const isInteractive = ({ env, stdin, stdout }: CliContext): boolean =>
  Boolean(stdin.isTTY && stdout.isTTY) &&
  env.TERM !== 'dumb' &&
  (env.CI === undefined || env.CI === '' || env.CI === 'false' || env.CI === '0');

/** Columns to lay text out for. */
export const widthOf = ({ env, stdout }: CliContext): number => stdout.columns || Number(env.COLUMNS) || 80;
