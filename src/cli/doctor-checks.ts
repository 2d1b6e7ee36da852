import { existsSync, readFileSync, statfsSync } from 'node:fs';
import { freemem, totalmem } from 'node:os';
import { dirname, join } from 'node:path';
import { formatBytes, plural } from '../format.js';
import { hubToken, isOffline } from '../hub/access.js';
import { hubCache } from '../hub/cache.js';
import { supportsColour, supportsUnicode } from '../report/style.js';
import { unusable } from '../runtime/choose.js';
import { describeTorch, isInterpreter, type Probed } from '../runtime/facts.js';
import { amalgamHome } from '../runtime/home.js';
import { askTorch, type PythonInspection } from '../runtime/inspect.js';
import { packageRoot } from './context.js';
import { checkKernels } from './kernels-check.js';
import { torchChecks } from './torch-checks.js';

/** One line of the doctor. `note` is worth knowing, `warning` may bite, `failed` stops amalgam from working. */
export type Check = {
  readonly name: string;
  readonly state: 'ok' | 'note' | 'warning' | 'failed';
  readonly text: string;
  /** A command or a step that mends it. */
  readonly fix: string | null;
};

const check = (name: string, state: Check['state'], text: string, fix: string | null = null): Check => ({
  name,
  state,
  text,
  fix,
});

type Manifest = { readonly dependencies: Readonly<Record<string, string>> };

const readJson = (file: string): unknown => (existsSync(file) ? JSON.parse(readFileSync(file, 'utf8')) : null);

/** Node itself and the packages that package.json pins. */
export const checkNode = (): readonly Check[] => {
  const { dependencies } = readJson(join(packageRoot, 'package.json')) as Manifest;
  const wrong = Object.entries(dependencies).filter(([name, version]) => {
    const installed = readJson(join(packageRoot, 'node_modules', name, 'package.json')) as { version?: string } | null;
    return installed?.version !== version;
  });
  const count = Object.keys(dependencies).length;
  const names = wrong.map(([name, version]) => `${name} ${version}`).join(', ');
  return [
    check('Node', 'ok', `${process.versions.node} (${process.execPath})`),
    wrong.length === 0
      ? check('npm packages', 'ok', `${plural(count, 'package')} in the pinned versions`)
      : check('npm packages', 'failed', `not in the pinned version: ${names}`, `cd ${packageRoot} && npm ci`),
  ];
};

const checkCandidate = (probed: Probed): Check => {
  const place = `${probed.executable} (${probed.origin})`;
  const reason = unusable(probed);
  if (!isInterpreter(probed) || reason !== null) return check('found', 'note', `${place}: not usable, ${reason}`);
  const { version, externallyManaged } = probed.facts;
  // Worth knowing for who wants to add torch by hand: pip refuses to install there.
  const managed = externallyManaged ? ', managed by the system' : '';
  return check('found', 'ok', `${place}: Python ${version}, ${describeTorch(probed.facts) ?? 'no torch'}${managed}`);
};

/** Every interpreter found, the one chosen and why, the environment made of it, and its torch. */
export const checkPython = async (
  { probed, choice, environment }: PythonInspection,
  env: NodeJS.ProcessEnv,
): Promise<readonly Check[]> => {
  const found = probed.map(checkCandidate);
  if (choice.kind === 'none' || environment === null) {
    const fix = env.AMALGAM_PYTHON ? 'unset AMALGAM_PYTHON' : 'apt install python3 python3-venv';
    return [...found, check('chosen', 'failed', choice.reason, fix)];
  }
  const chosen = check('chosen', 'ok', choice.reason);
  const { directory, python } = environment;
  if (python === null) {
    return [...found, chosen, check('environment', 'note', `${choice.kind}, made at the first run: ${directory}`)];
  }
  const ready = check('environment', 'ok', `${choice.kind}, ready: ${directory}`);
  const torch = torchChecks(await askTorch(python, env), choice.base.facts.torch?.cuda ?? null);
  const works = torch.every(({ state }) => state !== 'failed');
  return [...found, chosen, ready, ...torch, ...(works ? [await checkKernels(python, env)] : [])];
};

/** Below these a merge of two models of 7 B parameters, or the first set-up, is likely to fail. */
const littleMemory = 2e9;
const littleDisk = 5e9;

const existing = (path: string): string => (existsSync(path) ? path : existing(dirname(path)));

const checkDisk = (name: string, path: string): Check => {
  const { bavail, bsize } = statfsSync(existing(path));
  const free = bavail * bsize;
  const text = `${formatBytes(free)} free for ${path}`;
  return free < littleDisk ? check(name, 'warning', text, `df -h ${existing(path)}`) : check(name, 'ok', text);
};

/** Memory, disk, the Hub's cache and token (never its value), and the terminal. */
export const checkMachine = (
  { env, cwd }: { readonly env: NodeJS.ProcessEnv; readonly cwd: string },
  stdout: NodeJS.WriteStream,
): readonly Check[] => {
  const limit = process.constrainedMemory();
  const total = limit > 0 ? Math.min(limit, totalmem()) : totalmem();
  const memory = `${formatBytes(freemem())} free of ${formatBytes(total)}`;
  const cache = hubCache(env);
  const access = [hubToken(env) ? 'token set' : 'no token (hf auth login)', isOffline(env) ? 'offline' : null];
  const size = stdout.isTTY ? `${stdout.columns}x${stdout.rows}` : 'not a terminal';
  const colour = supportsColour(env, stdout.isTTY === true) ? 'colour' : 'no colour';
  return [
    freemem() < littleMemory
      ? check('memory', 'warning', memory, 'close other programs')
      : check('memory', 'ok', memory),
    checkDisk('disk', cwd),
    checkDisk('amalgam home', amalgamHome(env)),
    check('Hub', 'ok', [existsSync(cache) ? cache : `${cache} (empty)`, ...access].filter(Boolean).join(', ')),
    check('terminal', 'ok', [size, colour, supportsUnicode(env) ? 'Unicode' : 'ASCII'].join(', ')),
  ];
};
