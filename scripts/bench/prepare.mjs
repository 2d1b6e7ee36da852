import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { mergekitVersion, prepareMergekit } from '../setup/mergekit.mjs';
import { prepareEnvironment } from '../setup/python.mjs';

const script = fileURLToPath(new URL('kernels.py', import.meta.url));

/** The compiler of amalgam's kernels, which are ready then; null if merges use torch alone. */
const compileKernels = async ({ python, environment }) => {
  const { workerEnvironment } = await import('../../dist/bridge/worker-environment.js');
  const env = workerEnvironment(environment);
  return execFileSync(python, [script], { env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] }).trim() || null;
};

/** amalgam's Python, the one that has mergekit (null if it is not wanted), and the versions of what computes. */
export const preparePrograms = async (root, withMergekit) => {
  const { amalgam, python } = withMergekit
    ? await prepareMergekit(root)
    : { amalgam: await prepareEnvironment({ root, dev: false }), python: null };
  const { version, packages } = amalgam.facts;
  const kernels = await compileKernels(amalgam);
  const mergekit = withMergekit ? mergekitVersion : null;
  return { amalgam, python, versions: { python: version, torch: packages.torch ?? 'unknown', kernels, mergekit } };
};
