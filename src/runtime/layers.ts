import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { UserError } from '../errors.js';
import { pythonIn } from './candidates.js';
import type { Interpreter, Probed } from './facts.js';
import { findPip, pipInstall, type Report } from './pip.js';
import { runPython } from './python-process.js';
import { constraintsOf, missingRequirements, type Requirement } from './requirements.js';

const venvTimeout = 300_000;

export type LayerOptions = {
  readonly directory: string;
  readonly base: Interpreter;
  readonly requirements: readonly Requirement[];
  /** All interpreters found, for one with a usable pip. */
  readonly probed: readonly Probed[];
  readonly env: NodeJS.ProcessEnv;
  readonly report: Report;
};

const venv = async ({ base, directory, env }: LayerOptions, flags: readonly string[]): Promise<string> => {
  const args = ['-I', '-B', '-m', 'venv', ...flags, directory];
  const { ok, stdout, stderr, fault } = await runPython(base.executable, { args, env, timeout: venvTimeout });
  const python = pythonIn(directory);
  if (ok && python) return python;
  const reason = `${stderr}\n${stdout}`.trim().split('\n').at(-1) || fault;
  throw new UserError({
    code: 'venv-failed',
    message: `${base.executable} cannot make an environment in ${directory}: ${reason}`,
    hint: 'install its venv module (Debian and Ubuntu: apt install python3-venv), or set AMALGAM_PYTHON to another Python',
  });
};

const requirePip = ({ base, probed }: LayerOptions): string => {
  const pip = findPip(base, probed);
  if (pip) return pip.executable;
  throw new UserError({
    code: 'no-pip',
    message: `No Python here has pip 22.3 or newer, which is needed to install packages for ${base.executable}.`,
    hint: `${base.executable} -m ensurepip --upgrade, or on Debian and Ubuntu: apt install python3-pip python3-venv`,
  });
};

/** Folder of an environment's packages, on POSIX or Windows. */
const sitePackages = async (directory: string): Promise<string> => {
  const library = join(directory, 'lib');
  const versioned = (await readdir(library).catch(() => [])).find((name) => name.startsWith('python'));
  return versioned ? join(library, versioned, 'site-packages') : join(directory, 'Lib', 'site-packages');
};

/** A Python string literal in ASCII, since the encoding of .pth files differs between Python versions. */
const pythonLiteral = (text: string): string =>
  JSON.stringify(text).replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);

/**
 * Makes the base's packages visible in the environment. `addsitedir` rather than plain path lines, so that the base's
 * own .pth files (editable installs, another overlay) are followed too.
 */
const showBase = async (directory: string, base: Interpreter): Promise<void> => {
  const lines = base.facts.siteDirectories.map((site) => `import site; site.addsitedir(${pythonLiteral(site)})\n`);
  await writeFile(join(await sitePackages(directory), 'zz_amalgam_base.pth'), lines.join(''));
};

const withoutPip = async (options: LayerOptions): Promise<string> => {
  // No pip inside: its setuptools would shadow the base's.
  const python = await venv(options, ['--without-pip']);
  await showBase(options.directory, options.base);
  return python;
};

/** An environment that sees the base's packages and adds only what is missing; the base is not written to. */
export const makeOverlay = async (options: LayerOptions): Promise<void> => {
  const { directory, base, requirements, env, report } = options;
  const missing = missingRequirements(requirements, base.facts);
  const python = await withoutPip(options);
  if (missing.length === 0) return;
  report(`adding ${missing.map(({ name }) => name).join(', ')} beside ${base.facts.prefix}, which stays as it is`);
  const constraints = join(directory, 'constraints.txt');
  await writeFile(constraints, `${constraintsOf(base.facts, missing).join('\n')}\n`);
  const args = ['--constraint', constraints, ...missing.map(({ line }) => line)];
  await pipInstall({ pip: requirePip(options), into: python, args, env, report });
};

/**
 * An overlay with tools of exact versions, whatever the base has: a tool's program must lie in the environment that
 * starts it.
 */
export const makeToolOverlay = async (options: LayerOptions): Promise<void> => {
  const { requirements, env, report } = options;
  const python = await withoutPip(options);
  report(`installing ${requirements.map(({ name }) => name).join(', ')}`);
  const args = ['--ignore-installed', ...requirements.map(({ line }) => line)];
  await pipInstall({ pip: requirePip(options), into: python, args, env, report });
};

/** An environment of our own with everything, torch too. */
export const makePrivate = async (options: LayerOptions): Promise<void> => {
  const { base, requirements, env, report } = options;
  const own = base.facts.hasEnsurepip;
  const python = await venv(options, own ? [] : ['--without-pip']);
  report(`installing ${requirements.map(({ name }) => name).join(', ')}; the first time this takes minutes`);
  const pip = own ? python : requirePip(options);
  await pipInstall({ pip, into: python, args: requirements.map(({ line }) => line), env, report });
};
