import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { runAmalgam } from './parity/run-amalgam.mjs';
import { runChild } from './setup/child.mjs';
import { prepareMergekit } from './setup/mergekit.mjs';

const usage = `npm run test:parity -- [--known-gaps] [--keep FOLDER]
  Merges the same tiny checkpoints with mergekit and with amalgam and compares every tensor.
  --known-gaps   methods that amalgam lacks do not count as failures
  --keep FOLDER  work in this empty folder and leave everything there
`;

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** Runs a module of test/parity; gives its exit code and what it said if it was captured. */
const parityModule = (python, name, args, output = 'capture') =>
  runChild(python, ['-m', `parity.${name}`, ...args], {
    cwd: join(root, 'test'),
    env: { ...process.env, HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false', PYTHONDONTWRITEBYTECODE: '1' },
    output,
  });

const say = (text) => process.stderr.write(`parity ${text}\n`);

const mustSucceed = async (running) => {
  const { code, text } = await running;
  if (code !== 0) throw new Error(text);
};

const compareAll = async (folder, knownGaps) => {
  const { amalgam, python } = await prepareMergekit(root);
  say('making checkpoints');
  await mustSucceed(parityModule(python, 'prepare', [folder]));
  say('merging them with mergekit and with amalgam');
  await Promise.all([mustSucceed(parityModule(python, 'run_mergekit', [folder])), runAmalgam(folder, amalgam)]);
  say('comparing');
  const { methodNames } = await import('../dist/protocol/methods.js');
  const args = [folder, '--methods', methodNames.join(','), ...(knownGaps ? ['--known-gaps'] : [])];
  const { code } = await parityModule(python, 'compare', args, 'inherit');
  return code ?? 1;
};

const { values } = parseArgs({
  options: {
    'known-gaps': { type: 'boolean', default: false },
    keep: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

if (values.help) process.stdout.write(usage);
else {
  const folder = values.keep ?? mkdtempSync(join(tmpdir(), 'amalgam-parity-'));
  try {
    process.exitCode = await compareAll(folder, values['known-gaps']);
  } finally {
    if (values.keep === undefined) rmSync(folder, { recursive: true, force: true });
  }
}
