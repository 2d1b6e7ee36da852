import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { nearest } from '../nearest.js';
import { packageRoot } from './context.js';

/** A registered name and its config, like an entry point of the kit. */
export type KitEntry = {
  readonly name: string;
  /** The config, as an absolute path. */
  readonly file: string;
};

/** Names of the kit's own examples, beside those that say the method first. */
const aliases: Readonly<Record<string, string>> = { llama_avg: 'avg_llama', flant5_avg: 'avg_flan_t5' };

const endings = ['.yaml', '.yml'] as const;

const isConfig = (name: string): boolean => endings.some((ending) => name.endsWith(ending));

const stemOf = (file: string): string => basename(file).replace(/\.ya?ml$/, '');

/** Where a name is looked up, in order: the user's configs, the working directory, those shipped. */
const foldersFor = (cwd: string): readonly string[] => [
  join(cwd, 'configs/kit'),
  cwd,
  join(packageRoot, 'configs/kit'),
];

const configIn = (folder: string, name: string): string | undefined =>
  endings.map((ending) => join(folder, name + ending)).find((file) => existsSync(file));

/** All registered names, in the user's configs and in those shipped, and the aliases. */
export const kitEntries = (cwd: string): KitEntry[] => {
  const folders = [join(cwd, 'configs/kit'), join(packageRoot, 'configs/kit')];
  const entries = new Map<string, KitEntry>();
  for (const folder of folders) {
    const files = existsSync(folder) ? readdirSync(folder).filter(isConfig) : [];
    for (const file of files) {
      const name = stemOf(file);
      if (!entries.has(name)) entries.set(name, { name, file: join(folder, file) });
    }
  }
  for (const [alias, name] of Object.entries(aliases)) {
    const named = entries.get(name);
    if (named !== undefined && !entries.has(alias)) entries.set(alias, { name: alias, file: named.file });
  }
  return [...entries.values()].sort((a, b) => a.name.localeCompare(b.name));
};

const unknownName = (name: string, cwd: string): UserError => {
  const close = nearest(
    name,
    kitEntries(cwd).map((entry) => entry.name),
  );
  return new UserError({
    code: 'unknown-kit-name',
    message: `there is no config \`${name}\``,
    hint: `${close === undefined ? '' : `did you mean \`${close}\`? `}\`amalgam kit\` lists the names; a new one is a file configs/kit/${name}.yaml, or any file given with --config`,
    exitCode: exitCodes.notFound,
  });
};

/** The config of a registered name, of an alias, or of a file; `config` is used in place of the name's own. */
export const findKitEntry = (
  { name, config }: { readonly name: string | undefined; readonly config: string | undefined },
  cwd: string,
): KitEntry | undefined => {
  if (config !== undefined) return { name: name ?? stemOf(config), file: resolve(cwd, config) };
  if (name === undefined) return undefined;
  if (isConfig(name) && statSync(resolve(cwd, name), { throwIfNoEntry: false })?.isFile()) {
    return { name: stemOf(name), file: resolve(cwd, name) };
  }
  for (const spelling of [name, aliases[name]]) {
    if (spelling === undefined || /[/\\]/.test(spelling)) continue;
    const file = foldersFor(cwd)
      .map((folder) => configIn(folder, spelling))
      .find((found) => found !== undefined);
    if (file !== undefined) return { name, file };
  }
  throw unknownName(name, cwd);
};
