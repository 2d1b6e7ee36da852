import {
  closeSync,
  copyFileSync,
  existsSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statfsSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import type { Plan } from '../protocol/plan.js';
import { claimStaging, lockName, partsName, refuseForeignStaging } from './output-lock.js';
import { foreignResults } from './results-folder.js';
import { writePlan } from './write-plan.js';

/** Written into every output: which files are ours, so that `--force` never deletes anything else. */
export const manifestName = 'amalgam.json';
const planName = 'plan.json';

/** Where the scores of a merge are kept in its folder. */
export const evaluationName = 'evaluation';

type Manifest = {
  readonly tool: string;
  readonly version: string;
  readonly plan: string;
  readonly files: Record<string, number>;
};

/** A folder beside the output in which everything is made before it is published by one rename. */
export type Staging = {
  readonly directory: string;
  readonly planPath: string;
  /** Writes the remaining files and moves the folder to its name. */
  readonly publish: () => void;
  /** Removes everything that was staged. */
  readonly discard: () => void;
};

/** Files of a folder and of those in it; what lies deeper, or an empty folder, ends in a slash. */
const filesIn = (directory: string): string[] => {
  if (!existsSync(directory)) return [];
  return readdirSync(directory, { withFileTypes: true }).flatMap((entry) => {
    if (!entry.isDirectory()) return [entry.name];
    const inside = readdirSync(join(directory, entry.name), { withFileTypes: true });
    const names = inside.map((inner) => `${entry.name}/${inner.name}${inner.isDirectory() ? '/' : ''}`);
    return names.length === 0 ? [`${entry.name}/`] : names;
  });
};

const ownFiles = (output: string): ReadonlySet<string> => {
  const path = join(output, manifestName);
  if (!existsSync(path)) return new Set();
  const { files } = JSON.parse(readFileSync(path, 'utf8')) as Manifest;
  return new Set([...Object.keys(files), manifestName]);
};

/** Whether a folder is an output of amalgam. */
export const isOutput = (folder: string): boolean => existsSync(join(folder, manifestName));

/** Refuses an output that holds files, unless they are all ours and `force` says that they may go. */
export const refuseOccupied = (output: string, force: boolean): void => {
  if (existsSync(output) && !statSync(output).isDirectory()) {
    throw new UserError({
      code: 'output-not-folder',
      message: `${output} is a file`,
      hint: 'choose another output',
      exitCode: exitCodes.usage,
    });
  }
  const present = filesIn(output);
  if (present.length === 0) return;
  const own = ownFiles(output);
  const results = foreignResults(join(output, evaluationName)).map((name) => `${evaluationName}/${name}`);
  const foreign = present.filter((name) => !own.has(name) && !name.startsWith(`${evaluationName}/`)).concat(results);
  if (force && foreign.length === 0) return;
  const what =
    foreign.length === 0 ? 'an earlier merge' : `files that amalgam did not write (${foreign.slice(0, 3).join(', ')})`;
  throw new UserError({
    code: 'output-not-empty',
    message: `${output} already holds ${what}`,
    hint:
      foreign.length === 0
        ? 'add --force to replace it, or choose another output'
        : 'choose another output, or empty it yourself',
    exitCode: exitCodes.usage,
  });
};

/** Refuses a disk that cannot hold the output. */
export const refuseFullDisk = (directory: string, plan: Plan): void => {
  const { bavail, bsize } = statfsSync(directory);
  const needed = plan.estimate.bytesWritten;
  if (bavail * bsize >= needed) return;
  throw new UserError({
    code: 'no-space',
    message: `the output needs ${formatBytes(needed)}, and ${directory} has ${formatBytes(bavail * bsize)} free`,
    hint: 'free some space or choose an output on another disk',
    exitCode: exitCodes.noSpace,
  });
};

/** Writes a file so that it is there after a loss of power. */
export const writeDurably = (path: string, text: string): void => {
  writeFileSync(path, text);
  const file = openSync(path, 'r');
  fsyncSync(file);
  closeSync(file);
};

/** What lies in a staging folder and does not belong to the output. */
const scaffolding = [`${manifestName}.new`, planName, partsName, lockName];

/** Writes the side files in the plan's order. */
export const writeSideFiles = (directory: string, { sideFiles }: Plan): void => {
  for (const { name, source, text } of sideFiles) {
    mkdirSync(dirname(join(directory, name)), { recursive: true });
    if (source !== null) copyFileSync(source, join(directory, name));
    else writeDurably(join(directory, name), text ?? '');
  }
};

const writeManifest = (directory: string, hash: string, version: string): void => {
  const names = filesIn(directory)
    .filter((name) => !scaffolding.includes(name.split('/')[0] ?? ''))
    .sort();
  const files = Object.fromEntries(names.map((name) => [name, statSync(join(directory, name)).size]));
  const manifest: Manifest = { tool: 'amalgam', version, plan: hash, files };
  const path = join(directory, manifestName);
  writeDurably(`${path}.new`, `${JSON.stringify(manifest, null, 2)}\n`);
  renameSync(`${path}.new`, path);
};

const storageFault = (output: string, error: unknown): unknown => {
  const { code, message } = error as NodeJS.ErrnoException;
  const reasons: Record<string, string> = {
    ENOSPC: 'the disk is full',
    EROFS: 'the disk is read-only',
    EACCES: 'it may not be written',
    EPERM: 'it may not be written',
    EDQUOT: 'the quota is used up',
  };
  if (code === undefined || reasons[code] === undefined) return error;
  return new UserError({
    code: 'output-unwritable',
    message: `cannot write ${output}: ${reasons[code]} (${message})`,
    hint: 'choose another output',
    exitCode: exitCodes.noSpace,
    cause: error,
  });
};

/** Runs a step that writes; what the disk refuses becomes an error that says so. */
export const writing = <Result>(output: string, step: () => Result): Result => {
  try {
    return step();
  } catch (error) {
    throw storageFault(output, error);
  }
};

/** Moves a staging folder that is complete to the name of the output; what is there already makes room. */
export const moveToOutput = (directory: string, output: string): void =>
  writing(output, () => {
    for (const name of scaffolding) rmSync(join(directory, name), { recursive: true, force: true });
    const replaced = `${output}.replaced`;
    rmSync(replaced, { recursive: true, force: true });
    if (existsSync(output)) renameSync(output, replaced);
    renameSync(directory, output);
    rmSync(replaced, { recursive: true, force: true });
  });

/** Writes the manifest of a staging folder that has everything else, and publishes it. */
export const publishStaging = (directory: string, output: string, hash: string, version: string): void => {
  writing(output, () => writeManifest(directory, hash, version));
  moveToOutput(directory, output);
};

export type StageOptions = {
  readonly output: string;
  readonly plan: Plan;
  readonly force: boolean;
  readonly version: string;
};

/** Checks the output and opens its staging folder; a folder left by a run that died is cleared first. */
export const stageOutput = ({ output, plan, force, version }: StageOptions): Staging => {
  refuseOccupied(output, force);
  const directory = `${output}.partial`;
  const planPath = join(directory, planName);
  writing(output, () => {
    mkdirSync(dirname(output), { recursive: true });
    refuseFullDisk(dirname(output), plan);
    if (existsSync(directory)) {
      refuseForeignStaging(directory);
      rmSync(directory, { recursive: true });
    }
    mkdirSync(directory);
    claimStaging(directory);
    writePlan(planPath, plan);
  });
  const publish = () => {
    writing(output, () => writeSideFiles(directory, plan));
    publishStaging(directory, output, plan.hash, version);
  };
  return { directory, planPath, publish, discard: () => rmSync(directory, { recursive: true, force: true }) };
};
