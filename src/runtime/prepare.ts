import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { UserError } from '../errors.js';
import { listCandidates, type Surroundings } from './candidates.js';
import { type Choice, choose } from './choose.js';
import { ensureEnvironment, readyFile } from './environment.js';
import { type Facts, isInterpreter, type Probed } from './facts.js';
import { amalgamHome } from './home.js';
import type { Report } from './pip.js';
import { probeAll } from './probe.js';
import { cleanPythonEnvironment } from './python-process.js';
import { recall, remember } from './remembered.js';
import { parseRequirements } from './requirements.js';

/** The folder that holds requirements.txt and py/. */
export const projectRoot = fileURLToPath(new URL('../..', import.meta.url));

export type PrepareOptions = {
  readonly env: NodeJS.ProcessEnv;
  readonly cwd: string;
  readonly report: Report;
  /** Add the tools that `npm test` needs, in a second overlay. */
  readonly dev?: boolean;
  /** Requirements in pip's format instead of the project's own. */
  readonly requirements?: string;
};

type Outcome = {
  /** The interpreter to start the worker with. */
  readonly python: string;
  /** What was chosen and why, as a phrase. */
  readonly reason: string;
  readonly kind: 'overlay' | 'private';
  /** The interpreter that it rests on. */
  readonly base: string;
  readonly directory: string;
  readonly facts: Facts;
};

export type PreparedPython = Outcome & {
  /** Variables to start it with: the user's, less what would lead Python astray. */
  readonly environment: NodeJS.ProcessEnv;
  /** True if a new environment was made in this call. */
  readonly created: boolean;
  /** True if the choice of an earlier run still holds and nothing was started to find out. */
  readonly remembered: boolean;
};

/**
 * Byte code is never written beside someone's packages. Where they come without any (uv installs so), it goes to a
 * folder of our own, or every start would compile torch anew.
 */
const childEnvironment = (env: NodeJS.ProcessEnv, { kind, facts }: Outcome): NodeJS.ProcessEnv => {
  const clean = cleanPythonEnvironment(env);
  if (kind === 'overlay' && facts.torch?.compiled) return clean;
  const writing = { ...clean, PYTHONDONTWRITEBYTECODE: '' };
  return kind === 'private' ? writing : { ...writing, PYTHONPYCACHEPREFIX: join(amalgamHome(env), 'byte-code') };
};

const noPython = (reason: string, named: boolean): UserError =>
  new UserError({
    code: 'no-python',
    message: `${reason.charAt(0).toUpperCase()}${reason.slice(1)}.`,
    hint: named
      ? 'set AMALGAM_PYTHON to a Python 3.10 or newer, or unset it'
      : 'install Python 3.10 to 3.13 (for example `apt install python3 python3-venv`), or set AMALGAM_PYTHON to one',
  });

/** Everything whose change could lead to another choice: interpreters, their package folders, the made environment. */
const watched = (probed: readonly Probed[], made: readonly string[]): readonly string[] => [
  ...probed.filter(isInterpreter).flatMap(({ executable, facts }) => [executable, ...facts.siteDirectories]),
  ...made.map(readyFile),
];

const decide = (probed: readonly Probed[], env: NodeJS.ProcessEnv): Exclude<Choice, { kind: 'none' }> => {
  const choice = choose(probed);
  if (choice.kind === 'none') throw noPython(choice.reason, Boolean(env.AMALGAM_PYTHON));
  return choice;
};

const runtimeRequirements = (): string => readFileSync(join(projectRoot, 'requirements.txt'), 'utf8');

/** The Python that an earlier run found or made, if nothing has changed since; starts nothing. */
export const recallPython = (surroundings: Surroundings): PreparedPython | null =>
  recallOutcome(surroundings, [runtimeRequirements(), '']);

const recallOutcome = ({ env, cwd }: Surroundings, about: readonly string[]): PreparedPython | null => {
  const earlier = recall<Outcome>({ env, cwd }, about);
  if (earlier === undefined) return null;
  return { ...earlier, environment: childEnvironment(env, earlier), created: false, remembered: true };
};

/**
 * Finds or makes the Python that the worker runs in. The choice is remembered, so that a later call takes a few file
 * look-ups; `report` hears of each thing that takes time.
 *
 * @throws UserError if there is no usable Python or the environment cannot be made
 */
export const preparePython = async (options: PrepareOptions): Promise<PreparedPython> => {
  const { env, cwd, report, dev = false } = options;
  const runtime = options.requirements ?? runtimeRequirements();
  const tools = dev ? readFileSync(join(projectRoot, 'py/requirements-dev.txt'), 'utf8') : '';
  const about = [runtime, tools];
  const earlier = recallOutcome({ env, cwd }, about);
  if (earlier !== null) return earlier;

  const candidates = listCandidates({ env, cwd });
  report(`looking for torch in ${candidates.length} interpreters`);
  const probed = await probeAll(candidates, { env });
  const choice = decide(probed, env);
  const common = { probed, env, report };
  const first = await ensureEnvironment(choice.kind, {
    ...common,
    base: choice.base,
    requirements: parseRequirements(runtime),
  });
  const second = dev
    ? await ensureEnvironment('tools', { ...common, base: first.interpreter, requirements: parseRequirements(tools) })
    : first;
  const outcome: Outcome = {
    python: second.interpreter.executable,
    reason: choice.reason,
    kind: choice.kind,
    base: choice.base.executable,
    directory: second.directory,
    facts: second.interpreter.facts,
  };
  remember({ env, cwd }, about, { value: outcome, watch: watched(probed, [first.directory, second.directory]) });
  return {
    ...outcome,
    environment: childEnvironment(env, outcome),
    created: first.created || second.created,
    remembered: false,
  };
};
