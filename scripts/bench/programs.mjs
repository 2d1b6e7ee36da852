import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { settle } from './copy-limit.mjs';
import { measure } from './measure.mjs';

const program = fileURLToPath(new URL('../amalgam.mjs', import.meta.url));

/** An output that is not there yet and a disk that is not busy with that of another. */
const prepare = async (output, stop) => {
  rmSync(output, { recursive: true, force: true });
  await settle({ stop });
};

const mergeFinished = (lines) =>
  lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .find(({ type }) => type === 'merge-finished');

/** Merges by amalgam: seconds of the whole command and of the merge itself, peak bytes of all processes and the worker. */
export const runAmalgam = async (recipe, output, { flags, stop }) => {
  await prepare(output, stop);
  const args = [program, 'merge', recipe, output, '--json', ...flags];
  const run = await measure(process.execPath, args, { stop });
  const { seconds, peakMemory } = mergeFinished(run.output);
  return { whole: run.seconds, stage: seconds, peak: run.peak, workerPeak: peakMemory };
};

/** Merges by mergekit: seconds of the whole command and peak bytes. The checkpoints have no tokenizer to copy. */
export const runMergekit = async (recipe, output, { python, stop }) => {
  await prepare(output, stop);
  const command = join(dirname(python), 'mergekit-yaml');
  const env = { ...process.env, HF_HUB_OFFLINE: '1' };
  const run = await measure(command, [recipe, output, '--no-copy-tokenizer'], { env, stop });
  return { whole: run.seconds, peak: run.peak };
};
