import { showStep } from './checkout.mjs';

/** Finds or makes the Python environment through the built program, one line for each thing that takes time. */
export const prepareEnvironment = async ({ root, dev }) => {
  const { preparePython } = await import('../../dist/runtime/prepare.js');
  const started = performance.now();
  const report = (step) => showStep('python', step);
  const prepared = await preparePython({ env: process.env, cwd: process.env.INIT_CWD ?? root, report, dev });
  const seconds = (performance.now() - started) / 1000;
  if (!prepared.remembered) showStep('python', `${prepared.reason} (${seconds.toFixed(1)} s)`);
  return prepared;
};
