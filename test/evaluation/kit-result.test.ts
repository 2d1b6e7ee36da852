import { spawnSync } from 'node:child_process';
import { expect, test } from 'vitest';
import { kitResult, roundAsPython } from '../../src/evaluation/kit-result.js';
import { noPython, testPython, titled } from '../bridge/python.js';

test.skipIf(noPython)(titled('every fraction is rounded as Python rounds it', noPython), () => {
  const script = 'import json; print(json.dumps([round(k / n, 3) for n in range(1, 260) for k in range(n + 1)]))';
  const { stdout } = spawnSync(testPython, ['-c', script], { encoding: 'utf8', maxBuffer: 1e8 });
  const ours: number[] = [];
  for (let n = 1; n < 260; n += 1) for (let k = 0; k <= n; k += 1) ours.push(roundAsPython(k / n));
  expect(ours).toEqual(JSON.parse(stdout));
});

test("the kit's metrics come alone and in its order; a benchmark's come as they are", () => {
  const scores: { task: string; metrics: Record<string, number> }[] = [
    { task: 'a', metrics: { accuracy_norm: 0.5, accuracy: 0.25 } },
    { task: 'b', metrics: { 'exact_match,strict': 0.12345, bypass: 0 } },
    { task: 'c', metrics: {} },
  ];
  expect(kitResult(scores)).toEqual({ a: { accuracy: 0.25 }, b: { 'exact_match,strict': 0.123, bypass: 0 } });
});
