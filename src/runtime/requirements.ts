import { readFileSync } from 'node:fs';
import type { Facts } from './facts.js';
import { compareVersions, isAtLeast } from './versions.js';

export type Requirement = {
  /** Normalised name: lower case, hyphens. */
  readonly name: string;
  /** The line as pip takes it. */
  readonly line: string;
};

/**
 * Oldest releases of a user's own packages that the worker runs on; these stay where they are.
 * transformers 5 is needed to read the tokenizers that it saves, and itself needs torch 2.4.
 */
const oldestKept: Readonly<Record<string, string>> = {
  torch: '2.4',
  numpy: '1.26',
  transformers: '5.0',
  safetensors: '0.4.3',
  'rouge-score': '0.1.2',
  peft: '0.17',
};

export const oldestTorch = '2.4';

const normalised = (name: string): string => name.toLowerCase().replace(/[-_.]+/g, '-');

/** Requirements of a text in pip's format; options and nested files are not used here. */
export const parseRequirements = (text: string): readonly Requirement[] =>
  text
    .split('\n')
    .map((line) => line.replace(/#.*/, '').trim())
    .filter((line) => line !== '')
    .map((line) => ({ name: normalised(/^[\w.-]+/.exec(line)?.[0] ?? line), line }));

export const readRequirements = (file: string): readonly Requirement[] => parseRequirements(readFileSync(file, 'utf8'));

/** The installed version of a distribution, whichever way its name is written. */
export const installedVersion = ({ packages }: Pick<Facts, 'packages'>, name: string): string | undefined =>
  Object.entries(packages).find(([key]) => normalised(key) === name)?.[1];

const exactVersion = ({ line }: Requirement): string | undefined => /==\s*([^,;\s]+)/.exec(line)?.[1];

/** Whether the environment has the requirement in a version that it can keep. */
export const isMet = (requirement: Requirement, facts: Pick<Facts, 'packages'>): boolean => {
  const version = installedVersion(facts, requirement.name);
  if (version === undefined) return false;
  const oldest = oldestKept[requirement.name];
  if (oldest !== undefined) return isAtLeast(version, oldest);
  const exact = exactVersion(requirement);
  return exact === undefined || compareVersions(version, exact) === 0;
};

/** What an environment lacks; torch is never among it, since an overlay exists to keep the user's. */
export const missingRequirements = (
  requirements: readonly Requirement[],
  facts: Pick<Facts, 'packages'>,
): readonly Requirement[] => requirements.filter(({ name, line }) => name !== 'torch' && !isMet({ name, line }, facts));

/** Versions that an overlay must leave as they are. */
const held = /^(torch|numpy|transformers|tokenizers|safetensors|nvidia-.+|triton|pytorch-triton.*)$/;

/**
 * Constraints for pip: the base's versions, local parts included, so that nothing heavy is fetched a second time.
 * A package that must be replaced because it is too old is free, and so is what is tied to it.
 */
export const constraintsOf = (facts: Pick<Facts, 'packages'>, missing: readonly Requirement[]): readonly string[] => {
  const free = new Set(missing.map(({ name }) => name));
  if (free.has('transformers')) for (const name of ['tokenizers', 'safetensors']) free.add(name);
  return Object.entries(facts.packages)
    .map(([name, version]) => ({ name: normalised(name), version }))
    .filter(({ name }) => held.test(name) && !free.has(name))
    .map(({ name, version }) => `${name}==${version}`)
    .sort();
};
