import { existsSync, lstatSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { runChild } from './child.mjs';
import { explainNpmFailure, SetupFault } from './fault.mjs';
import { digest, readStamp } from './stamp.mjs';

const kept =
  /^npm_config_(registry|ca|cafile|proxy|https_proxy|http_proxy|noproxy|strict_ssl|cache|userconfig|globalconfig)$/i;

/** The environment without what the outer npm put there: an inner npm would take its settings from it. */
export const innerNpmEnvironment = (env) =>
  Object.fromEntries(
    Object.entries(env).filter(
      ([name]) => name !== 'INIT_CWD' && name !== 'NODE_ENV' && (!/^npm_/i.test(name) || kept.test(name)),
    ),
  );

const npmCommand = (env) => {
  const script = env.npm_execpath;
  // yarn and pnpm set the same variable to their own script.
  if (script && basename(script) === 'npm-cli.js' && existsSync(script)) {
    return { command: process.execPath, first: [script], shell: false };
  }
  return { command: 'npm', first: [], shell: process.platform === 'win32' };
};

const installedVersion = (root, location) => {
  try {
    return JSON.parse(readFileSync(join(root, location, 'package.json'), 'utf8')).version;
  } catch {
    return undefined;
  }
};

/** Whether everything that the lock file asks for is there, as after an `npm ci` done by hand. */
const matchesLock = (root, lock) =>
  Object.entries(lock.packages).every(
    ([location, { version, optional, link }]) =>
      location === '' || optional || link || installedVersion(root, location) === version,
  );

const stampFile = (root) => join(root, 'node_modules', '.amalgam-stamp');

const wantedStamp = (root) =>
  digest({
    words: [process.version, process.platform, process.arch],
    files: [join(root, 'package-lock.json')],
  });

export const packagesAreReady = (root) => readStamp(stampFile(root)) === wantedStamp(root);

/** Installs exactly what package-lock.json says; gives the word for the report. */
export const installPackages = async (root) => {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
  const stamped = readStamp(stampFile(root)) !== undefined;
  if (!stamped && matchesLock(root, lock)) {
    writeFileSync(stampFile(root), wantedStamp(root));
    return 'found';
  }
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    // npm empties the folder that the link leads to.
    throw new SetupFault('node_modules is a link, and installing would empty what it leads to', 'rm node_modules');
  }
  const { command, first, shell } = npmCommand(process.env);
  const flags = ['ci', '--include=dev', '--ignore-scripts', '--no-audit', '--no-fund', '--loglevel=error'];
  const { code, text, error } = await runChild(command, [...first, ...flags], {
    cwd: root,
    env: innerNpmEnvironment(process.env),
    shell,
  });
  if (error?.code === 'ENOENT') {
    throw new SetupFault('npm is not on the PATH', 'install Node with its npm, then run the same command again');
  }
  if (code !== 0) throw explainNpmFailure(`${error?.message ?? ''}${text}`);
  writeFileSync(stampFile(root), wantedStamp(root));
  return 'installed';
};
