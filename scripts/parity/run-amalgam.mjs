import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';

const program = new URL('../amalgam.mjs', import.meta.url).pathname;
const quiet = { signal: new AbortController().signal, onProgress: () => {} };

const sentence = ({ line, message, hint }) =>
  `${line === undefined ? '' : `line ${line}: `}${message}${hint ? ` (${hint})` : ''}`;

const plan = async (recipe, { root, env }) => {
  const { planRecipe } = await import('../../dist/index.js');
  const { repositoryFinder } = await import('../../dist/cli/find-repository.js');
  const { isError } = await import('../../dist/fault.js');
  const planned = await planRecipe(recipe, {
    cwd: root,
    findRepository: repositoryFinder(env, { cwd: root }),
    seed: 0,
  });
  const errors = planned.faults.filter(isError);
  if (planned.plan === null) throw new Error(`refused: ${errors.map(sentence).join('; ')}`);
  return planned.plan;
};

/** Merges as the command line does, with one worker for all cases. */
const mergeInWorker = async (worker, { name, number, root, env }) => {
  const { stageOutput } = await import('../../dist/run/output.js');
  const made = await plan(join(root, 'recipes', `${name}.yml`), { root, env });
  const staging = stageOutput({ output: join(root, 'amalgam', name), plan: made, force: false, version: 'parity' });
  const { directory, planPath } = staging;
  const params = { job: number, planPath, directory, device: 'cpu', threads: 1, chunkElements: null, part: null };
  await worker.merge(params, quiet);
  staging.publish();
};

/** Cases with flags go through the command line itself. */
const mergeByCommand = async ({ name, flags, root, env }) => {
  const args = [program, 'merge', join('recipes', `${name}.yml`), join('amalgam', name), '--json', ...flags];
  const { code, text } = await runChild(process.execPath, args, { cwd: root, env });
  if (code !== 0) throw new Error(`exit code ${code}: ${text.trim().split('\n').at(-1)}`);
};

/** Runs amalgam on every case; `{case: null or what went wrong}` goes to `amalgam.json`. */
export const runAmalgam = async (root, { python, environment }) => {
  const { startWorker } = await import('../../dist/index.js');
  const cases = JSON.parse(readFileSync(join(root, 'cases.json'), 'utf8'));
  const env = { ...process.env, HF_HUB_OFFLINE: '1', AMALGAM_PYTHON: python };
  mkdirSync(join(root, 'amalgam'), { recursive: true });
  const outcomes = {};
  let worker = await startWorker({ python, environment });
  for (const [number, { name, flags }] of cases.entries()) {
    try {
      if (flags.length > 0) await mergeByCommand({ name, flags, root, env });
      else await mergeInWorker(worker, { name, number, root, env });
      outcomes[name] = null;
    } catch (error) {
      outcomes[name] = `${error.message}`;
      // A worker that died must not fail the cases after it.
      if (error.exitCode !== undefined) {
        worker.kill();
        worker = await startWorker({ python, environment });
      }
    }
  }
  await worker.close();
  writeFileSync(join(root, 'amalgam.json'), JSON.stringify(outcomes, null, 1));
};
