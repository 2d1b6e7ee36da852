import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { runChild } from '../setup/child.mjs';
import { mergeInWorker } from '../setup/merge-in-worker.mjs';

const program = new URL('../amalgam.mjs', import.meta.url).pathname;

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
      else {
        const paths = { recipe: join(root, 'recipes', `${name}.yml`), output: join(root, 'amalgam', name) };
        await mergeInWorker(worker, { ...paths, job: number, threads: 1, cwd: root, env });
      }
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
