import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Fault } from '../../../src/fault.js';
import type { Plan } from '../../../src/protocol/plan.js';
import { testPython } from '../../bridge/python.js';
import { type CliOptions, type Finished, runCli } from '../../helpers/cli.js';

export type Planned = { readonly code: number | null; readonly plan: Plan | null; readonly faults: readonly Fault[] };

/** Writes a recipe and gives its name. */
export const writeRecipe = (folder: string, name: string, text: string): string => {
  writeFileSync(join(folder, name), text);
  return name;
};

/** `amalgam plan --json` of a recipe given as text. */
export const planOf = async (folder: string, name: string, text: string, ...flags: string[]): Promise<Planned> => {
  const { code, stdout, stderr } = await runCli(
    ['plan', writeRecipe(folder, `${name}.yml`, text), '--json', ...flags],
    {
      cwd: folder,
    },
  );
  if (!stdout.startsWith('{')) throw new Error(stderr);
  return { code, ...JSON.parse(stdout) };
};

/** `amalgam merge --json` of a recipe given as text, into a folder of its name. */
export const mergeTo = (
  folder: string,
  name: string,
  text: string,
  flags: readonly string[] = [],
  options: CliOptions = {},
): Promise<Finished> =>
  runCli(['merge', writeRecipe(folder, `${name}.yml`, text), name, '--json', '--threads', '1', ...flags], {
    cwd: folder,
    ...options,
  });

export const faultsOf = ({ events }: Finished): readonly Fault[] =>
  events.flatMap((event) => (event.type === 'faults' ? event.faults : []));

/** Merges every recipe by the name of its output, two at a time. */
export const mergeAll = async (
  folder: string,
  recipes: Readonly<Record<string, string>>,
  flags: readonly string[] = [],
): Promise<Map<string, Finished>> => {
  const finished = new Map<string, Finished>();
  const queue = Object.entries(recipes);
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined; next = queue.shift()) {
      const [name, text] = next;
      const run = await mergeTo(folder, name, text, flags);
      if (run.code !== 0) {
        const said = [run.stderr, ...[...faultsOf(run), run.events.at(-1)].map((event) => JSON.stringify(event))];
        throw new Error(`${name} ended with ${run.code}: ${said.join('\n')}`);
      }
      finished.set(name, run);
    }
  };
  await Promise.all([work(), work()]);
  return finished;
};

/** A script beside this file, with JSON for input and output. */
export const python = <Result>(script: string, given: unknown): Result => {
  const path = fileURLToPath(new URL(script, import.meta.url));
  const { status, stdout, stderr } = spawnSync(testPython, [path], {
    encoding: 'utf8',
    input: JSON.stringify(given),
    env: { ...process.env, HF_HUB_OFFLINE: '1' },
  });
  if (status !== 0) throw new Error(stderr);
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
};

/** SHA-256 of every file of a folder, by name. */
export const digests = (folder: string): Record<string, string> =>
  Object.fromEntries(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map(({ parentPath, name }) => join(parentPath, name))
      .sort()
      .map((path) => [path.slice(folder.length + 1), createHash('sha256').update(readFileSync(path)).digest('hex')]),
  );

/** A file of an output, as JSON. */
export const jsonOf = (folder: string, file: string): Record<string, unknown> =>
  JSON.parse(readFileSync(join(folder, file), 'utf8'));
