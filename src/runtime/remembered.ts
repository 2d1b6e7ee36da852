import { createHash } from 'node:crypto';
import { readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectEnvironment, type Surroundings } from './candidates.js';
import { environmentsDirectory } from './home.js';

/** Size and modification time of a file or folder; null if it does not exist. */
type Fingerprint = readonly [path: string, state: string | null];

type Memory<Value> = { readonly watched: readonly Fingerprint[]; readonly value: Value };

const fingerprint = (path: string): Fingerprint => {
  const found = statSync(path, { throwIfNoEntry: false });
  return [path, found ? `${found.isDirectory() ? 'folder' : found.size} ${found.mtimeMs}` : null];
};

const deciding = ['AMALGAM_PYTHON', 'VIRTUAL_ENV', 'CONDA_PREFIX', 'PATH', 'HOME', 'PYENV_ROOT', 'PYENV_VERSION'];

/** One memory for each situation that could lead to another choice: variables, project folder, requirements. */
const memoryFile = (surroundings: Surroundings, about: readonly string[]): string => {
  const { env } = surroundings;
  const situation = [deciding.map((name) => env[name] ?? null), projectEnvironment(surroundings) ?? null, about];
  const name = createHash('sha256').update(JSON.stringify(situation)).digest('hex').slice(0, 16);
  return join(environmentsDirectory(env), `choice-${name}.json`);
};

/** What was remembered for this situation, if nothing that it rests on has changed since. */
export const recall = <Value>(surroundings: Surroundings, about: readonly string[]): Value | undefined => {
  try {
    const memory = JSON.parse(readFileSync(memoryFile(surroundings, about), 'utf8')) as Memory<Value>;
    return memory.watched.every(([path, state]) => fingerprint(path)[1] === state) ? memory.value : undefined;
  } catch {
    return undefined;
  }
};

/** Remembers a value until one of the watched files or folders changes. */
export const remember = <Value>(
  surroundings: Surroundings,
  about: readonly string[],
  { value, watch }: { readonly value: Value; readonly watch: readonly string[] },
): void => {
  const memory: Memory<Value> = { watched: [...new Set(watch)].map(fingerprint), value };
  const file = memoryFile(surroundings, about);
  const fresh = `${file}.${process.pid}`;
  writeFileSync(fresh, JSON.stringify(memory));
  renameSync(fresh, file);
};
