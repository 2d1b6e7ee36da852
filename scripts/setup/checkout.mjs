import { build, buildIsReady } from './build.mjs';
import { withLock } from './lock.mjs';
import { installPackages, packagesAreReady } from './packages.mjs';

const line = (name, text) => `setup  ${name.padEnd(12)} ${text}`;

/** One line on stderr for a step of the set-up. */
export const showStep = (name, text) => process.stderr.write(`${line(name, text)}\n`);

/** Runs a step and shows it in one line with its duration; in a terminal also while it runs. */
export const timedStep = async (name, doing, work) => {
  const live = process.stderr.isTTY;
  const started = performance.now();
  if (live) process.stderr.write(line(name, doing));
  try {
    const done = await work();
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    process.stderr.write(`${live ? '\r\u001b[K' : ''}${line(name, `${done} (${seconds} s)`)}\n`);
  } catch (error) {
    process.stderr.write(`${live ? '\r\u001b[K' : ''}${line(name, 'failed')}\n`);
    throw error;
  }
};

const isReady = (root) => packagesAreReady(root) && buildIsReady(root);

/** Installs the packages and compiles the sources if either is not up to date; says nothing if nothing is to be done. */
export const prepareCheckout = async (root) => {
  if (isReady(root)) return;
  const onWait = () => showStep('waiting', 'another run is setting up this folder');
  await withLock(root, onWait, async () => {
    if (!packagesAreReady(root)) await timedStep('packages', 'installing', () => installPackages(root));
    if (!buildIsReady(root)) await timedStep('build', 'compiling', () => build(root));
  });
};
