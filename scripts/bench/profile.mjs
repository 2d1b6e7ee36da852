import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { mergeInWorker } from '../setup/merge-in-worker.mjs';
import { readAll, settle } from './copy-limit.mjs';
import { describeMachine, machineFacts, revision } from './machine.mjs';
import { preparePrograms } from './prepare.mjs';
import { recipes } from './recipes.mjs';
import { makeCheckpoints } from './synthetic.mjs';
import { markdown } from './table.mjs';

const driver = fileURLToPath(new URL('profile/worker.py', import.meta.url));

/** Parts that run before and after the threads, which wait for nothing then. */
const outside = ['reserve', 'begin', 'flush to disk'];
const fixed = ['read', 'convert', 'combine', 'check, cast', 'write', 'kernel copy', 'gather', 'wait'];

/**
 * Shares of the merge stage by part, as percentages that add up to 100. `measured` are seconds as profile/worker.py
 * writes them: what the threads did is summed over them, and `threads` is how long they ran.
 */
export const shares = ({ seconds, parts }) => {
  const { threads, ...others } = parts;
  const inThreads = Object.keys(others).filter((name) => !outside.includes(name));
  const busy = inThreads.reduce((sum, name) => sum + others[name], 0);
  const percent = (name) => {
    const wall = outside.includes(name) ? others[name] : (others[name] / busy) * threads;
    return (wall / seconds) * 100;
  };
  return Object.fromEntries(Object.keys(others).map((name) => [name, percent(name)]));
};

const passes = (share) =>
  Object.keys(share).filter((name) => !fixed.includes(name) && !outside.includes(name) && !name.startsWith('rest'));

const heads = [
  'method',
  'stage',
  'read',
  'convert',
  'passes',
  'gather',
  'combine',
  'check, cast',
  'write, copy',
  'wait',
  'rest',
  'flush to disk',
];

const rows = (method, { seconds, parts }) => {
  const share = shares({ seconds, parts });
  const whole = (...names) => `${names.reduce((sum, name) => sum + (share[name] ?? 0), 0).toFixed(0)} %`;
  const measured = passes(share).map((name) => `${name} ${whole(name)}`);
  return [
    method,
    `${seconds.toFixed(2)} s`,
    whole('read'),
    whole('convert'),
    measured.length === 0 ? '–' : measured.join(', '),
    whole('gather'),
    whole('combine'),
    whole('check, cast'),
    whole('write', 'kernel copy'),
    whole('wait'),
    whole('reserve', 'begin', 'rest of the threads'),
    whole('flush to disk'),
  ];
};

/** Merges by each method, `rounds` times in one worker, and gives the parts of the last time. */
const profileMethod = async (worker, method, { directory, models, threads, rounds, file, stop, root }) => {
  const [base, ...tunes] = models;
  const recipe = join(directory, `${method}.yml`);
  const output = join(directory, `profile-${method}`);
  try {
    writeFileSync(recipe, recipes[method](base, tunes));
    for (let round = 1; round <= rounds; round += 1) {
      rmSync(output, { recursive: true, force: true });
      await settle({ stop });
      await mergeInWorker(worker, { recipe, output, job: round, threads, cwd: root, env: process.env, signal: stop });
    }
    return JSON.parse(readFileSync(file, 'utf8'));
  } finally {
    for (const path of [recipe, output, `${output}.partial`]) rmSync(path, { recursive: true, force: true });
  }
};

/** Prints, for each method, where the time of its merge stage goes. */
export const benchProfile = async ({ root, size, methods, rounds, dir, keep, threads, stop }) => {
  const directory = resolve(dir);
  const file = join(directory, 'profile.json');
  mkdirSync(directory, { recursive: true });
  const { amalgam, versions } = await preparePrograms(root, false);
  const { startWorker } = await import('../../dist/index.js');
  const hadCheckpoints = existsSync(join(directory, size));
  const models = makeCheckpoints(directory, size, 3);
  await readAll(models, { stop });
  const { python, environment } = amalgam;
  const worker = await startWorker({ python, environment, entry: [driver, file], signal: stop });
  const measured = [];
  try {
    for (const method of methods) {
      process.stderr.write(`bench  ${method}\n`);
      const settings = { directory, models, rounds, file, stop, root, threads: threads ? Number(threads) : null };
      measured.push(rows(method, await profileMethod(worker, method, settings)));
    }
  } catch (error) {
    stop.throwIfAborted();
    throw error;
  } finally {
    await worker.close();
    rmSync(file, { force: true });
    if (!keep && !hadCheckpoints) rmSync(join(directory, size), { recursive: true });
  }
  const { commit } = revision(root);
  process.stdout.write(`${size} parameters in bfloat16 · round ${rounds} · commit ${commit ?? 'unknown'}\n`);
  process.stdout.write(`${describeMachine(machineFacts(directory, versions))}\n\n${markdown(heads, measured)}\n`);
};
