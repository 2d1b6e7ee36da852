import { describe, expect, it } from 'vitest';
import { startWorker } from '../../src/bridge/worker.js';
import type { ParameterSpec } from '../../src/protocol/method-spec.js';
import { methods } from '../../src/protocol/methods.js';
import { noTorch, testPython, titled } from '../bridge/python.js';

describe.skipIf(noTorch)(titled('the worker', noTorch), () => {
  it('has exactly the methods of the list, with exactly their parameters', async () => {
    const worker = await startWorker({ python: testPython });
    await worker.close();
    const ours = Object.entries(methods).map(([name, { shared, perInput }]) => ({
      name,
      shared: Object.keys(shared).sort(),
      perInput: Object.keys(perInput).sort(),
    }));
    const theirs = worker.info.methods.map(({ name, shared, perInput }) => ({
      name,
      shared: [...shared].sort(),
      perInput: [...perInput].sort(),
    }));
    const byName = (left: { name: string }, right: { name: string }) => left.name.localeCompare(right.name);
    expect(theirs.sort(byName)).toEqual(ours.sort(byName));
  });
});

describe('a method', () => {
  it.each(Object.entries(methods))('%s has defaults within its ranges', (_name, { shared, perInput }) => {
    for (const spec of Object.values({ ...shared, ...perInput }) as ParameterSpec[]) {
      if (spec.default === undefined) continue;
      if (spec.type === 'choice') {
        expect(spec.choices).toContain(spec.default);
        for (const word of Object.values(spec.flags ?? {})) expect(spec.choices).toContain(word);
        continue;
      }
      expect(typeof spec.default).toBe(spec.type === 'boolean' ? 'boolean' : 'number');
      if (typeof spec.default !== 'number') continue;
      expect(spec.default).toBeGreaterThanOrEqual(spec.minimum ?? Number.NEGATIVE_INFINITY);
      expect(spec.default).toBeLessThanOrEqual(spec.maximum ?? Number.POSITIVE_INFINITY);
    }
  });
});
