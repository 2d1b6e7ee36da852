import { existsSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { exitCodes, UserError } from '../errors.js';
import { writeDurably } from './output.js';
import { partsName } from './output-lock.js';

/** What the first part of a merge writes down for the others. */
export const Begun = z.strictObject({
  tool: z.literal('amalgam'),
  version: z.string(),
  /** Hash of the plan. */
  plan: z.string(),
  /** Number of parts. */
  of: z.int(),
});
export type Begun = z.infer<typeof Begun>;

/** Written when a part is complete. */
export const PartMark = z.strictObject({
  plan: z.string(),
  part: z.int(),
  of: z.int(),
  bytes: z.int(),
  /** SHA-256 of each tensor of the part, in the order of the plan's split. */
  digests: z.array(z.string()),
});
export type PartMark = z.infer<typeof PartMark>;

/** A number among so many, counted from 1. */
export type PartNumber = { readonly number: number; readonly of: number };

export const begunPath = (directory: string): string => join(directory, partsName, 'begun.json');

/** The plan as the first part made it; the others' differ at most in where their inputs lie. */
export const sharedPlanPath = (directory: string): string => join(directory, partsName, 'plan.json');

/** A file of this process alone. */
export const ownPath = (directory: string, { number, of }: PartNumber, what: string): string =>
  join(directory, partsName, `part-${number}-of-${of}.${hostname()}.${process.pid}.${what}`);

const markPath = (directory: string, { number, of }: PartNumber): string =>
  join(directory, partsName, `part-${number}-of-${of}.done`);

const unreadable = (path: string, part: PartNumber | null, cause: unknown): UserError =>
  new UserError({
    code: 'part-damaged',
    message: `${path} cannot be read as what amalgam wrote there`,
    hint:
      part === null
        ? `remove ${path.split(`/${partsName}/`)[0]} and run all parts again`
        : `remove it and run part ${part.number}/${part.of} again`,
    exitCode: exitCodes.integrity,
    cause,
  });

const read = <Kind>(path: string, kind: z.ZodType<Kind>, part: PartNumber | null): Kind => {
  try {
    return kind.parse(JSON.parse(readFileSync(path, 'utf8')));
  } catch (error) {
    throw unreadable(path, part, error);
  }
};

/** What parts of a merge have in common, or null where no part has begun. */
export const readBegun = (directory: string): Begun | null => {
  const path = begunPath(directory);
  return existsSync(path) ? read(path, Begun, null) : null;
};

/** The mark of a part that is complete, else null. */
export const readMark = (directory: string, part: PartNumber): PartMark | null => {
  const path = markPath(directory, part);
  return existsSync(path) ? read(path, PartMark, part) : null;
};

/** Marks a part as complete. */
export const writeMark = (directory: string, mark: PartMark): void => {
  const part = { number: mark.part, of: mark.of };
  const own = ownPath(directory, part, 'done');
  writeDurably(own, `${JSON.stringify(mark)}\n`);
  renameSync(own, markPath(directory, part));
};

/** Takes the mark of a part back, so that it is done again. */
export const removeMark = (directory: string, part: PartNumber): void =>
  rmSync(markPath(directory, part), { force: true });
