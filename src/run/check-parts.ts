import { closeSync, openSync, readSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { plural } from '../format.js';
import { type Place, partsOf, placesOf } from '../plan/parts.js';
import type { Plan, Shard } from '../protocol/plan.js';
import { type PartMark, type PartNumber, readMark, removeMark } from './part-marks.js';
import { digestTensors } from './tensor-digests.js';

type Part = PartNumber & { readonly places: readonly Place[]; readonly mark: PartMark };

const shown = 10;

const listed = (names: readonly (number | string)[]): string =>
  names.length <= shown ? names.join(', ') : `${names.slice(0, shown).join(', ')} and ${names.length - shown} more`;

/** Takes back the marks of parts that must be done again, and says so. */
const damaged = (directory: string, parts: readonly PartNumber[], what: string): UserError => {
  for (const part of parts) removeMark(directory, part);
  const numbers = parts.map(({ number, of }) => `${number}/${of}`);
  return new UserError({
    code: 'part-damaged',
    message: `${what}; nothing was published`,
    hint: numbers.length === 0 ? undefined : `run again: --part ${listed(numbers)}`,
    exitCode: exitCodes.integrity,
  });
};

/** What is wrong with a shard as a file, or null. */
const shardProblem = (directory: string, { name, header, bytes }: Shard): string | null => {
  const path = join(directory, name);
  const size = statSync(path, { throwIfNoEntry: false })?.size;
  if (size === undefined) return `${name} is missing`;
  if (size !== bytes) return `${name} has ${size} bytes instead of ${bytes}`;
  const text = Buffer.from(header);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(text.length));
  const found = Buffer.alloc(8 + text.length);
  const file = openSync(path, 'r');
  readSync(file, found, 0, found.length, 0);
  closeSync(file);
  return found.equals(Buffer.concat([length, text])) ? null : `the header of ${name} is damaged`;
};

const readParts = (directory: string, plan: Plan, of: number): Part[] => {
  const missing: number[] = [];
  const parts = partsOf(plan, of).flatMap((own, index): Part[] => {
    const part = { number: index + 1, of };
    const mark = readMark(directory, part);
    if (mark === null) missing.push(part.number);
    return mark === null ? [] : [{ ...part, places: placesOf(plan, own), mark }];
  });
  const foreign = parts.filter(
    ({ number, places, mark }) =>
      mark.plan !== plan.hash || mark.of !== of || mark.part !== number || mark.digests.length !== places.length,
  );
  if (foreign.length > 0) {
    const numbers = foreign.map(({ number }) => number);
    throw damaged(directory, foreign, `of ${plural(of, 'part')}, these were made by another plan: ${listed(numbers)}`);
  }
  if (missing.length === 0) return parts;
  throw new UserError({
    code: 'parts-missing',
    message: `of ${plural(of, 'part')}, these are not complete: ${listed(missing)}; nothing was published`,
    hint: `amalgam merge RECIPE OUT --part ${missing[0]}/${of}, and so on; then finish again`,
    exitCode: exitCodes.incomplete,
  });
};

export type CheckPartsOptions = {
  readonly directory: string;
  readonly plan: Plan;
  /** Number of parts. */
  readonly of: number;
  /** Whether every tensor is read again and compared with its digest. */
  readonly verify: boolean;
  readonly signal: AbortSignal;
};

/** Refuses a staging folder in which a part is missing, is another plan's or is damaged. */
export const checkParts = async ({ directory, plan, of, verify, signal }: CheckPartsOptions): Promise<void> => {
  const parts = readParts(directory, plan, of);
  for (const [index, shard] of plan.shards.entries()) {
    const problem = shardProblem(directory, shard);
    if (problem === null) continue;
    const touching = parts.filter(({ places }) => places.some((place) => place.shard === index));
    throw damaged(directory, touching, problem);
  }
  for (const part of verify ? parts : []) {
    const digests = await digestTensors(directory, plan, part.places, signal);
    const wrong = part.places.filter((_, index) => digests[index] !== part.mark.digests[index]);
    if (wrong.length === 0) continue;
    const tensors = listed(wrong.map(({ tensor, shard }) => `${tensor} in ${plan.shards[shard]?.name}`));
    throw damaged(directory, [part], `part ${part.number} of ${of} is damaged: ${tensors}`);
  }
};
