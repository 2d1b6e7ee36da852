import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { prepareCheckout } from './checkout.mjs';
import { SetupFault } from './fault.mjs';

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const demo = ['merge', 'configs/recipes/zoo/ties.yml', 'out/zoo-ties'];
const demoFlags = ['--eval', 'arithmetic,knowledge,summary', '--force'];

const start = async (args) => {
  const given = args.length > 0;
  // npm runs scripts in the package's folder; paths that the user typed belong to the folder it was called from.
  process.chdir(given ? (process.env.INIT_CWD ?? process.cwd()) : root);
  process.argv = [process.execPath, join(root, 'scripts/amalgam.mjs'), ...(given ? args : [...demo, ...demoFlags])];
  await import('../amalgam.mjs');
};

const script = (name) => async (args) => {
  process.chdir(root);
  const file = new URL(`../${name}.mjs`, import.meta.url);
  if (!existsSync(file)) throw new SetupFault(`scripts/${name}.mjs is missing`, 'git checkout -- scripts');
  process.argv = [process.execPath, fileURLToPath(file), ...args];
  await import(file.href);
};

const setUp = async () => {
  const { prepareEnvironment } = await import('./python.mjs');
  await prepareEnvironment({ root, dev: false });
};

/** Building is part of the preparation for every command. */
const nothingMore = async () => {};

const commands = {
  build: nothingMore,
  start,
  test: script('test'),
  bench: script('bench'),
  parity: script('parity'),
  optional: script('optional'),
  setup: setUp,
};

const showFault = ({ message, fix, hint }) => {
  process.stderr.write(`${message}\n${(fix ?? hint) ? `  fix: ${fix ?? hint}\n` : ''}`);
};

/** Sets the checkout up as far as needed, then runs the command in this process, so that signals reach it. */
export const run = async ([name, ...args]) => {
  const command = Object.hasOwn(commands, name ?? '') ? commands[name] : undefined;
  if (!command) {
    process.stderr.write(`usage: node scripts/run.mjs ${Object.keys(commands).join('|')} [arguments]\n`);
    process.exitCode = 2;
    return;
  }
  try {
    await prepareCheckout(root);
    await command(args[0] === '--' ? args.slice(1) : args);
  } catch (error) {
    if (!(error instanceof SetupFault) && error?.name !== 'UserError') throw error;
    showFault(error);
    process.exitCode = error.exitCode;
  }
};
