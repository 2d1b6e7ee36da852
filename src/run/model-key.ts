import { createHash, type Hash } from 'node:crypto';
import { closeSync, openSync, readdirSync, readFileSync, readSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pythonFolder } from '../bridge/worker-environment.js';
import type { Plan } from '../protocol/plan.js';

/** Words for people; they change nothing that a model says. */
const isIrrelevant = (name: string): boolean => /^\.|\.md$/i.test(name);

const sampleBytes = 65_536;
const samples = 16;

/** Pieces of a file at equal distances, its beginning and end among them, which are all of one up to 1 MiB. */
const addSamples = (hash: Hash, path: string, size: number): void => {
  const file = openSync(path, 'r');
  const buffer = Buffer.alloc(sampleBytes);
  const last = Math.max(0, size - sampleBytes);
  try {
    for (let index = 0; index < samples; index += 1) {
      const position = Math.round((last * index) / (samples - 1));
      hash.update(buffer.subarray(0, readSync(file, buffer, 0, sampleBytes, position)));
      if (last === 0) return;
    }
  } finally {
    closeSync(file);
  }
};

/** A file as it is now. Its times alone could be those of another: archives set them, and clocks tick coarsely. */
const addFile = (hash: Hash, name: string, path: string): void => {
  const { size, mtimeNs, ctimeNs } = statSync(path, { bigint: true });
  hash.update(JSON.stringify([name, `${size}`, `${mtimeNs}`, `${ctimeNs}`]));
  addSamples(hash, path, Number(size));
};

/** The files at the top of a model's or adapter's folder, configuration and tokenizer included. */
const addFolder = (hash: Hash, folder: string): void => {
  const path = realpathSync(folder);
  hash.update(JSON.stringify(path));
  const names = readdirSync(path).sort();
  for (const name of names.filter((each) => !isIrrelevant(each))) {
    const file = join(path, name);
    if (statSync(file, { throwIfNoEntry: false })?.isFile()) addFile(hash, name, file);
  }
};

/** Every source file of the worker: what it computes may change with them. */
const addSources = (hash: Hash): void => {
  const folder = join(pythonFolder, 'amalgam_worker');
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.py'));
  for (const name of names.sort()) hash.update(JSON.stringify([name, readFileSync(join(folder, name), 'utf8')]));
};

/** Stands for a model's files, and its adapter's, and for what computes with them: scores of another key are not its own. */
export const keyOfFiles = (folder: string, adapter: string | null): string => {
  const hash = createHash('sha256');
  for (const each of adapter === null ? [folder] : [folder, adapter]) addFolder(hash, each);
  addSources(hash);
  return `files-${hash.digest('hex')}`;
};

/**
 * Stands for what a plan makes: the same whether it is written or only kept in memory, and again when it is merged
 * anew from the same files.
 */
export const keyOfPlan = ({ hash: planHash, files, sideFiles }: Plan): string => {
  const hash = createHash('sha256');
  hash.update(planHash);
  for (const { path } of files) addFile(hash, path, path);
  for (const { name, source, text } of sideFiles.filter(({ name }) => !isIrrelevant(name))) {
    if (source === null) hash.update(JSON.stringify([name, text]));
    else addFile(hash, name, source);
  }
  addSources(hash);
  return `plan-${hash.digest('hex')}`;
};
