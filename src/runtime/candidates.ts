import { existsSync, realpathSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import type { Candidate, Origin } from './facts.js';
import { environmentsDirectory } from './home.js';
import { condaPrefixes, jupyterPythons, pyenvPrefixes, selectedPyenvPrefix, uvPrefixes } from './interpreter-roots.js';

export type Surroundings = { readonly env: NodeJS.ProcessEnv; readonly cwd: string };

const executableNames = ['python3', 'python', 'python3.13', 'python3.12', 'python3.11', 'python3.10', 'python3.14'];

/** The interpreter of an environment folder, on POSIX or Windows; undefined if there is none. */
export const pythonIn = (prefix: string): string | undefined =>
  ['bin/python3', 'bin/python', 'python.exe', 'Scripts/python.exe']
    .map((name) => join(prefix, name))
    .find((file) => existsSync(file));

const upwards = (directory: string): readonly string[] => {
  const parent = dirname(directory);
  return parent === directory ? [directory] : [directory, ...upwards(parent)];
};

/** The folder `.venv` of the project that the user works in. */
export const projectEnvironment = ({ env, cwd }: Surroundings): string | undefined => {
  const home = resolve(env.HOME || homedir());
  const all = upwards(resolve(cwd));
  const below = all.includes(home) ? all.slice(0, all.indexOf(home) + 1) : all;
  return below.map((directory) => join(directory, '.venv')).find((directory) => pythonIn(directory) !== undefined);
};

const pathDirectories = ({ env }: Surroundings): readonly string[] =>
  (env.PATH ?? '').split(delimiter).filter((directory) => directory !== '');

/** A shim starts whichever version its tool has selected, so it is that version that is listed. */
const isShims = (directory: string): boolean => /[\\/]shims[\\/]?$/.test(directory);

const pythonsOnPath = (surroundings: Surroundings): readonly string[] =>
  pathDirectories(surroundings).flatMap((directory) => {
    if (!isShims(directory)) return executableNames.map((name) => join(directory, name));
    const prefix = selectedPyenvPrefix(surroundings.env);
    return prefix ? [pythonIn(prefix) ?? ''] : [];
  });

/**
 * `AMALGAM_PYTHON` may name an interpreter, the folder of an environment, or a program on the PATH or in pyenv. It is
 * listed even if it does not exist, since a user who names one must not be given another.
 */
const overridden = (surroundings: Surroundings): string | undefined => {
  const value = surroundings.env.AMALGAM_PYTHON;
  if (!value) return undefined;
  if (/[\\/]/.test(value)) {
    const path = resolve(surroundings.cwd, value);
    return pythonIn(path) ?? path;
  }
  const onPath = pathDirectories(surroundings).filter((directory) => !isShims(directory));
  const inPyenv = pyenvPrefixes(surroundings.env).map((prefix) => join(prefix, 'bin'));
  return [...onPath, ...inPyenv].map((directory) => join(directory, value)).find((file) => existsSync(file)) ?? value;
};

/** Two virtual environments of one interpreter share its real path and differ in their folder. */
const identity = (executable: string): string => {
  const real = realpathSync(executable);
  const folder = dirname(dirname(executable));
  const isVirtual = existsSync(join(folder, 'pyvenv.cfg'));
  return `${real}\0${isVirtual ? realpathSync(folder) : dirname(dirname(real))}`;
};

/** Every interpreter that might be used, best origin first, each once (the named one aside); none of them is started. */
export const listCandidates = (surroundings: Surroundings): readonly Candidate[] => {
  const { env } = surroundings;
  const inPrefixes = (prefixes: readonly (string | undefined)[]): readonly string[] =>
    prefixes.flatMap((prefix) => (prefix ? [pythonIn(prefix) ?? ''] : []));
  const named = overridden(surroundings);
  const found: readonly (readonly [Origin, readonly string[]])[] = [
    ['active environment', inPrefixes([env.VIRTUAL_ENV])],
    ['conda', inPrefixes([env.CONDA_PREFIX])],
    ['project folder', inPrefixes([projectEnvironment(surroundings)])],
    ['PATH', pythonsOnPath(surroundings)],
    ['pyenv', inPrefixes(pyenvPrefixes(env))],
    ['conda root', inPrefixes(condaPrefixes(env))],
    ['uv', inPrefixes(uvPrefixes(env))],
    ['Jupyter kernel', jupyterPythons(env)],
  ];
  const own = join(environmentsDirectory(env), '/');
  const seen = new Set<string>();
  const others = found.flatMap(([origin, executables]) =>
    executables.flatMap((executable) => {
      if (!existsSync(executable) || executable.startsWith(own)) return [];
      const key = identity(executable);
      if (seen.has(key)) return [];
      seen.add(key);
      return [{ executable, origin }];
    }),
  );
  return named ? [{ executable: named, origin: 'AMALGAM_PYTHON' }, ...others] : others;
};
