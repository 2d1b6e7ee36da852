import { createHash } from 'node:crypto';
import type { Plan } from '../protocol/plan.js';

/** Steps hashed at once: one text of all of them would hold a large plan in memory a second time. */
const atOnce = 50;

/** Identifies what is computed, wherever the files lie and whenever they were copied there. */
export const hashOf = ({
  version,
  seed,
  method,
  operations,
  rowMaps,
  shards,
  steps,
  adapterSteps,
  files,
}: Omit<Plan, 'hash'>): string => {
  const hash = createHash('sha256');
  const sizes = files.map(({ bytes }) => bytes);
  hash.update(JSON.stringify({ version, seed, method, operations, rowMaps, shards, adapterSteps, files: sizes }));
  for (let start = 0; start < steps.length; start += atOnce) {
    hash.update(JSON.stringify(steps.slice(start, start + atOnce)));
  }
  return hash.digest('hex');
};
