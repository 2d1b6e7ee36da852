import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import type { Plan, Step } from '../../src/protocol/plan.js';
import { writePlan } from '../../src/run/write-plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const path = join(temporaryFolder(), 'plan.json');

const step = (index: number): Step => ({
  tensor: `layer.${index}.gewicht"ü`,
  shape: [index],
  operation: null,
  base: null,
  inputs: [],
  output: { shard: 0, offset: 8, bytes: 4, dtype: 'F32' },
});

const planOf = (steps: number): Plan => ({
  version: 1,
  hash: 'abc',
  method: 'linear',
  seed: 0,
  models: [],
  files: [],
  operations: [],
  rowMaps: [],
  shards: [{ name: 'model.safetensors', header: '{}', bytes: 10 }],
  steps: Array.from({ length: steps }, (_, index) => step(index)),
  adapterSteps: [],
  sideFiles: [{ name: 'a', source: null, text: 'line\nline' }],
  estimate: { bytesRead: 0, bytesWritten: 10, peakMemory: 0, seconds: 0.5 },
});

test.each([0, 1, 49, 50, 51, 100, 137])('a plan of %i steps is one line of its JSON', (steps) => {
  const plan = planOf(steps);
  writePlan(path, planOf(steps + 60));
  writePlan(path, plan);
  expect(readFileSync(path, 'utf8')).toBe(`${JSON.stringify(plan)}\n`);
});
