import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { SetupFault } from './fault.mjs';

/** Loaded from their own folders: one finds its files there, one is large and rarely needed, one is never installed. */
export const external = ['pythonia', '@huggingface/hub', 'react-devtools-core'];

/** The folder and name of the package that a file is of, or undefined for one of our own. */
const packageOf = (file) => {
  const [folder, name] = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(file.replaceAll('\\', '/')) ?? [];
  return folder === undefined ? undefined : { folder, name };
};

const noticeOf = ({ folder, name }) => {
  const { version, license } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'));
  const texts = readdirSync(folder)
    .filter((file) => /^(licen[cs]e|notice)/i.test(file))
    .map((file) => readFileSync(join(folder, file), 'utf8').trim());
  return [`${name} ${version} (${license})`, ...texts].join('\n\n');
};

/** Writes the licences of all packages of which something is in the output beside it. */
const notices = {
  name: 'notices',
  generateBundle(_options, output) {
    const files = Object.values(output).flatMap(({ moduleIds }) => moduleIds ?? []);
    const packages = new Map(files.map(packageOf).flatMap((found) => (found ? [[found.folder, found]] : [])));
    const texts = [...packages.values()].map(noticeOf).sort();
    this.emitFile({ type: 'asset', fileName: 'LICENSES.txt', source: `${texts.join(`\n\n${'-'.repeat(80)}\n\n`)}\n` });
  },
};

/** Joins what has been compiled and its packages in `program/`: to find hundreds of files takes longer than to run them. */
export const bundle = async (compiled) => {
  const { rolldown } = await import('rolldown');
  try {
    const program = await rolldown({
      input: join(compiled, 'main.js'),
      platform: 'node',
      external,
      plugins: [notices],
      logLevel: 'silent',
    });
    await program.write({ dir: join(compiled, 'program'), format: 'esm' });
    await program.close();
  } catch (error) {
    throw new SetupFault(`the compiled files cannot be bundled: ${error.message}`, 'npm ci, then the same command');
  }
};
