import { renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { bundle } from './bundle.mjs';
import { runChild } from './child.mjs';
import { SetupFault } from './fault.mjs';
import { digest, readStamp } from './stamp.mjs';

const stampName = '.stamp';

/** All that decides what is made; the lock file for the packages that are bundled, and for both tools. */
const wantedStamp = (root) =>
  digest({
    files: ['tsconfig.json', 'package-lock.json', 'scripts/setup/bundle.mjs'].map((file) => join(root, file)),
    directories: [join(root, 'src')],
  });

export const buildIsReady = (root) => readStamp(join(root, 'dist', stampName)) === wantedStamp(root);

/** Compiles and bundles src/ beside dist/ and swaps it in, so that no file of an older source stays and a failed build breaks nothing. */
export const build = async (root) => {
  const stamp = wantedStamp(root);
  const fresh = join(root, 'dist.partial');
  rmSync(fresh, { recursive: true, force: true });
  const compiler = join(root, 'node_modules/typescript/bin/tsc');
  const { code, text } = await runChild(process.execPath, [compiler, '-p', 'tsconfig.json', '--outDir', fresh], {
    cwd: root,
  });
  if (code !== 0) {
    rmSync(fresh, { recursive: true, force: true });
    const shown = text.trim().split('\n').slice(0, 10).join('\n  ');
    throw new SetupFault(`src/ does not compile:\n  ${shown}`, 'npx tsc -p tsconfig.json shows all errors');
  }
  await bundle(fresh);
  writeFileSync(join(fresh, stampName), stamp);
  rmSync(join(root, 'dist'), { recursive: true, force: true });
  renameSync(fresh, join(root, 'dist'));
  return 'compiled';
};
