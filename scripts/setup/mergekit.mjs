import { readFileSync } from 'node:fs';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { showStep } from './checkout.mjs';
import { prepareEnvironment } from './python.mjs';
import { digest } from './stamp.mjs';

/** The version whose results and times amalgam's are compared with. */
export const mergekitVersion = '0.1.5';
const mergekit = `mergekit==${mergekitVersion}`;

/**
 * An environment with mergekit beside amalgam's own packages: an overlay, so that torch and transformers are shared.
 * mergekit comes without what it declares: it would bring packages that no merge needs.
 */
const make = async (directory, { base, requirements, env }) => {
  const { makeOverlay } = await import('../../dist/runtime/layers.js');
  const { pythonIn } = await import('../../dist/runtime/candidates.js');
  const { findPip, pipInstall } = await import('../../dist/runtime/pip.js');
  const report = (step) => showStep('mergekit', step);
  await rm(directory, { recursive: true, force: true });
  await makeOverlay({ directory, base, requirements, probed: [], env, report });
  const python = pythonIn(directory);
  report(`installing ${mergekit}`);
  const pip = findPip(base, []).executable;
  await pipInstall({ pip, into: python, args: ['--no-deps', mergekit], env, report });
  await writeFile(join(directory, 'ready.json'), `${JSON.stringify({ python, mergekit })}\n`);
  return python;
};

const readyPython = (directory) => {
  try {
    return JSON.parse(readFileSync(join(directory, 'ready.json'), 'utf8')).python;
  } catch {
    return undefined;
  }
};

/** Gives amalgam's own Python and the one that has mergekit, making either if it is not there. */
export const prepareMergekit = async (root) => {
  const amalgam = await prepareEnvironment({ root, dev: false });
  const { probe } = await import('../../dist/runtime/probe.js');
  const { parseRequirements } = await import('../../dist/runtime/requirements.js');
  const { makeEnvironmentsDirectory } = await import('../../dist/runtime/home.js');
  const { withLock } = await import('../../dist/runtime/lock.js');
  const { env } = process;
  const text = readFileSync(join(root, 'test/parity/requirements.txt'), 'utf8');
  const requirements = parseRequirements(text);
  const identity = [amalgam.python, JSON.stringify(amalgam.facts.packages), mergekit, text];
  const name = `mergekit-${digest({ words: identity }).slice(0, 16)}`;
  const directory = join(makeEnvironmentsDirectory(env), name);
  const onWait = () => showStep('mergekit', `waiting for another run that prepares ${name}`);
  const python = await withLock(`${directory}.lock`, {
    onWait,
    work: async () => {
      const ready = readyPython(directory);
      if (ready !== undefined) return ready;
      const packages = requirements.map((requirement) => requirement.name);
      const base = await probe({ executable: amalgam.python, origin: 'active environment' }, { env, packages });
      return make(directory, { base, requirements, env });
    },
  });
  return { amalgam, python };
};
