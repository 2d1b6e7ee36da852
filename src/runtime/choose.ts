import { describeTorch, type Interpreter, isInterpreter, type Origin, type Probed } from './facts.js';
import { oldestTorch } from './requirements.js';
import { compareVersions, isAtLeast } from './versions.js';

export const oldestPython = '3.10';
/** Wheels of torch and its companions exist for these; a newer Python may have to wait for them. */
const newestWithWheels = '3.13';

export type Choice =
  /** Reuse the torch of an environment. */
  | { readonly kind: 'overlay'; readonly base: Interpreter; readonly reason: string }
  /** No usable torch anywhere: make an environment of our own with this interpreter. */
  | { readonly kind: 'private'; readonly base: Interpreter; readonly reason: string }
  | { readonly kind: 'none'; readonly reason: string };

const active: readonly Origin[] = ['active environment', 'conda', 'project folder'];
const usual: readonly Origin[] = [...active, 'PATH'];

const torchVersion = ({ facts }: Interpreter): string | undefined => (facts.torch ? facts.packages.torch : undefined);

const hasTorch = (interpreter: Interpreter): boolean => isAtLeast(torchVersion(interpreter) ?? '0', oldestTorch);

const hasWheels = ({ facts }: Interpreter): boolean => {
  const minor = facts.version.split('.').slice(0, 2).join('.');
  return compareVersions(minor, newestWithWheels) <= 0;
};

const hasAccelerator = ({ facts }: Interpreter): number => Number(Boolean(facts.torch?.cuda ?? facts.torch?.hip));

const byTorch = (left: Interpreter, right: Interpreter): number =>
  hasAccelerator(right) - hasAccelerator(left) ||
  compareVersions(torchVersion(right) ?? '0', torchVersion(left) ?? '0');

const byPython = (left: Interpreter, right: Interpreter): number =>
  Number(hasWheels(right)) - Number(hasWheels(left)) || compareVersions(right.facts.version, left.facts.version);

/** Why an interpreter is out of the question; null if it is not. */
export const unusable = (probed: Probed): string | null => {
  if (!isInterpreter(probed)) return probed.fault;
  const { implementation, version, hasVenv } = probed.facts;
  if (implementation !== 'cpython') return `${implementation} has no torch`;
  if (!isAtLeast(version, oldestPython)) return `Python ${version} is older than ${oldestPython}`;
  return hasVenv ? null : 'its venv module is not installed';
};

const overlay = (base: Interpreter, why: string): Choice => {
  const place = base.origin === 'PATH' ? 'the Python on the PATH' : `${why} (${base.facts.prefix})`;
  return { kind: 'overlay', base, reason: `${describeTorch(base.facts)} of ${place}` };
};

const privateOne = (base: Interpreter, why: string): Choice => ({
  kind: 'private',
  base,
  reason: `a private environment with Python ${base.facts.version}, since ${why} torch ${oldestTorch} or newer`,
});

const chooseOverride = (probed: Probed): Choice => {
  const fault = unusable(probed);
  if (fault !== null || !isInterpreter(probed)) {
    return { kind: 'none', reason: `AMALGAM_PYTHON is ${probed.executable}, which cannot be used: ${fault}` };
  }
  return hasTorch(probed) ? overlay(probed, 'AMALGAM_PYTHON') : privateOne(probed, 'AMALGAM_PYTHON has no');
};

/**
 * Picks an interpreter: the one that the user named, else the active environment's torch, else any other torch
 * (built for an accelerator first, then the newest), else a Python to make an environment with (the one that the user
 * would get by typing `python3` if torch has wheels for it, since pip is set up for that, else the newest with wheels).
 */
export const choose = (probed: readonly Probed[]): Choice => {
  const override = probed.find(({ origin }) => origin === 'AMALGAM_PYTHON');
  if (override) return chooseOverride(override);

  const supported = probed.filter(isInterpreter).filter((interpreter) => unusable(interpreter) === null);
  const withTorch = supported.filter(hasTorch);
  const here = withTorch.find(({ origin }) => active.includes(origin));
  if (here) return overlay(here, here.origin === 'conda' ? 'the active conda environment' : `the ${here.origin}`);
  const elsewhere = [...withTorch].sort(byTorch)[0];
  if (elsewhere) return overlay(elsewhere, elsewhere.origin);

  const familiar = supported.find((interpreter) => usual.includes(interpreter.origin) && hasWheels(interpreter));
  if (familiar) return privateOne(familiar, 'no environment has');
  const newest = [...supported].sort(byPython)[0];
  if (newest) return privateOne(newest, 'no environment has');
  return {
    kind: 'none',
    reason:
      probed.length === 0
        ? 'no Python was found'
        : `no usable Python ${oldestPython} or newer was found among ${probed.length} interpreters`,
  };
};
