import { mkdirSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';

const cacheTag = 'Signature: 8a477f597d28d172789f06886806bc55\n# Made by amalgam; safe to delete, it is made again.\n';

/** Where amalgam keeps what it can make again: `AMALGAM_HOME`, else a folder of the user's cache. */
export const amalgamHome = (env: NodeJS.ProcessEnv): string => {
  if (env.AMALGAM_HOME) return resolve(env.AMALGAM_HOME);
  const cache = env.XDG_CACHE_HOME;
  // The XDG specification says that relative values are to be ignored.
  return join(cache && isAbsolute(cache) ? cache : join(env.HOME || homedir(), '.cache'), 'amalgam');
};

export const environmentsDirectory = (env: NodeJS.ProcessEnv): string => join(amalgamHome(env), 'environments');

const errno = (error: unknown): string =>
  error instanceof Error && 'code' in error ? String(error.code) : String(error);

/** Makes the folder of environments, marked so that backups leave it out. */
export const makeEnvironmentsDirectory = (env: NodeJS.ProcessEnv): string => {
  const directory = environmentsDirectory(env);
  try {
    mkdirSync(directory, { recursive: true });
    writeFileSync(join(amalgamHome(env), 'CACHEDIR.TAG'), cacheTag);
  } catch (cause) {
    throw new UserError({
      code: 'home-not-writable',
      message: `${directory} cannot be written (${errno(cause)}).`,
      hint: 'set AMALGAM_HOME to a folder with a few GB free',
      exitCode: exitCodes.noSpace,
      cause,
    });
  }
  return directory;
};
