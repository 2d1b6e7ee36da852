import { mergekitVersion, prepareMergekit } from '../setup/mergekit.mjs';
import { prepareEnvironment } from '../setup/python.mjs';

/** amalgam's Python, the one that has mergekit (null if it is not wanted), and the versions of what computes. */
export const preparePrograms = async (root, withMergekit) => {
  const { amalgam, python } = withMergekit
    ? await prepareMergekit(root)
    : { amalgam: await prepareEnvironment({ root, dev: false }), python: null };
  const { version, packages } = amalgam.facts;
  const mergekit = withMergekit ? mergekitVersion : null;
  return { amalgam, python, versions: { python: version, torch: packages.torch ?? 'unknown', mergekit } };
};
