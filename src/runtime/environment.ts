import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { rm, statfs, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import { pythonIn } from './candidates.js';
import { type Interpreter, isInterpreter } from './facts.js';
import { environmentsDirectory, makeEnvironmentsDirectory } from './home.js';
import { type LayerOptions, makeOverlay, makePrivate, makeToolOverlay } from './layers.js';
import { withLock } from './lock.js';
import { probe } from './probe.js';
import { runPython } from './python-process.js';
import { isMet } from './requirements.js';

export type EnvironmentKind = 'overlay' | 'tools' | 'private';

const makers = { overlay: makeOverlay, tools: makeToolOverlay, private: makePrivate } as const;

/** torch for CPU unpacks to under 1 GB, and pip needs the archives beside it; a CUDA build needs several times that. */
const spaceNeeded = { overlay: 500e6, tools: 200e6, private: 3e9 } as const;
const importTimeout = 300_000;

export const readyFile = (directory: string): string => join(directory, 'ready.json');

const held = ['torch', 'numpy', 'transformers', 'tokenizers', 'safetensors'];

/** A changed base (another interpreter, an upgraded torch) or changed requirements give another folder. */
const environmentName = (
  kind: EnvironmentKind,
  { base, requirements }: Pick<LayerOptions, 'base' | 'requirements'>,
): string => {
  const { facts, executable } = base;
  const identity = [executable, facts.version, ...held.map((name) => facts.packages[name] ?? '')];
  const text = JSON.stringify([identity, facts.siteDirectories, requirements.map(({ line }) => line)]);
  return `${kind}-${createHash('sha256').update(text).digest('hex').slice(0, 16)}`;
};

export const environmentDirectory = (
  env: NodeJS.ProcessEnv,
  kind: EnvironmentKind,
  options: Pick<LayerOptions, 'base' | 'requirements'>,
): string => join(environmentsDirectory(env), environmentName(kind, options));

const checkSpace = async (parent: string, kind: EnvironmentKind): Promise<void> => {
  const { bavail, bsize } = await statfs(parent);
  const free = bavail * bsize;
  if (free >= spaceNeeded[kind]) return;
  throw new UserError({
    code: 'no-space',
    message: `${parent} has ${formatBytes(free)} free; the Python environment needs about ${formatBytes(spaceNeeded[kind])}.`,
    hint: 'free space there, or set AMALGAM_HOME to a folder on a larger disk',
    exitCode: exitCodes.noSpace,
  });
};

/** Asks the new environment itself: the packages must be there, torch must be the base's and importable. */
const verify = async (kind: EnvironmentKind, python: string, options: LayerOptions): Promise<Interpreter> => {
  const { base, requirements, env } = options;
  const broken = (reason: string) =>
    new UserError({
      code: 'environment-broken',
      message: `The Python environment made from ${base.executable} does not work: ${reason}`,
      hint: `set AMALGAM_PYTHON to another Python, or check that \`${base.executable} -c "import torch"\` works`,
    });
  const made = await probe(
    { executable: python, origin: base.origin },
    { env, packages: requirements.map(({ name }) => name) },
  );
  if (!isInterpreter(made)) throw broken(made.fault);
  const lacking = requirements.filter((requirement) => !isMet(requirement, made.facts));
  if (lacking.length > 0) throw broken(`${lacking.map(({ line }) => line).join(', ')} cannot be found`);
  const [wanted, got] = [base.facts.packages.torch, made.facts.packages.torch];
  if (kind !== 'private' && wanted !== got) throw broken(`torch ${got} hides the ${wanted} that it should reuse`);
  if (kind === 'tools') return made;
  const tried = await runPython(python, { args: ['-I', '-B', '-c', 'import torch'], env, timeout: importTimeout });
  if (!tried.ok) throw broken(tried.stderr.trim().split('\n').at(-1) || tried.fault);
  return made;
};

/** The interpreter of an environment that was finished; undefined if it is not there or half-made. */
export const readReady = (directory: string): Interpreter | undefined => {
  try {
    const { interpreter } = JSON.parse(readFileSync(readyFile(directory), 'utf8')) as { interpreter: Interpreter };
    return existsSync(interpreter.executable) ? interpreter : undefined;
  } catch {
    return undefined;
  }
};

/** Makes and checks an environment; the file that marks it as finished is written last. */
const build = async (kind: EnvironmentKind, options: LayerOptions): Promise<Interpreter> => {
  const { directory, base, report } = options;
  await makers[kind](options);
  report('checking the environment');
  const interpreter = await verify(kind, pythonIn(directory) ?? directory, options);
  const record = { kind, base: base.executable, interpreter };
  await writeFile(readyFile(directory), `${JSON.stringify(record, null, 2)}\n`);
  return interpreter;
};

export type Environment = {
  readonly interpreter: Interpreter;
  readonly directory: string;
  /** False if it was there already. */
  readonly created: boolean;
};

/**
 * Gives the environment of this kind for a base and requirements, making it if it is not there or was left half-made.
 *
 * @throws UserError if the disk, the network, pip or the result is at fault
 */
export const ensureEnvironment = async (
  kind: EnvironmentKind,
  options: Omit<LayerOptions, 'directory'>,
): Promise<Environment> => {
  const { env, report } = options;
  const parent = makeEnvironmentsDirectory(env);
  const directory = environmentDirectory(env, kind, options);
  const existing = readReady(directory);
  if (existing) return { interpreter: existing, directory, created: false };
  const work = async (): Promise<Environment> => {
    const finished = readReady(directory);
    if (finished) return { interpreter: finished, directory, created: false };
    await rm(directory, { recursive: true, force: true });
    await checkSpace(parent, kind);
    try {
      const interpreter = await build(kind, { ...options, directory });
      return { interpreter, directory, created: true };
    } catch (error) {
      // What failed half-way can be gigabytes, and a full disk is a likely reason.
      await rm(directory, { recursive: true, force: true });
      throw error;
    }
  };
  const onWait = () => report(`waiting for another run that prepares ${basename(directory)}`);
  return withLock(`${directory}.lock`, { onWait, work });
};
