import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepareEnvironment } from '../setup/python.mjs';
import { add, none } from './counts.mjs';
import { root, steps } from './steps.mjs';

const describe = ({ passed, failed, skipped }) => `${passed} passed, ${failed} failed, ${skipped} skipped`;

const show = (name, text) => process.stdout.write(`test   ${name.padEnd(12)} ${text}\n`);

/** The Python with the tools, or undefined after saying why there is none. */
const findPython = async () => {
  try {
    return await prepareEnvironment({ root, dev: true });
  } catch (error) {
    if (error?.name !== 'UserError') throw error;
    show('python', `failed: ${error.message}${error.hint ? `\n  fix: ${error.hint}` : ''}`);
    return undefined;
  }
};

const runStep = async (step, context) => {
  if (step.needsPython && !context.python) {
    show(step.name, 'skipped: there is no Python environment');
    return { ...none, skipped: 1 };
  }
  const started = performance.now();
  const counts = await step.run(context);
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  show(step.name, `${describe(counts)} (${seconds} s)`);
  return counts;
};

/** Runs every step of the group, or of all groups, whether or not one before it failed; shows and gives the counts. */
export const runAll = async (only) => {
  const reports = mkdtempSync(join(tmpdir(), 'amalgam-test-'));
  try {
    const python = await findPython();
    let total = python ? none : { ...none, failed: 1 };
    for (const step of steps) {
      if (only !== undefined && step.group !== only) continue;
      total = add(total, await runStep(step, { python, reports }));
    }
    process.stdout.write(`${describe(total)}\n`);
    return total;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
};
