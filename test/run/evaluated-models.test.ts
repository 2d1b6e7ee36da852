import { describe, expect, test } from 'vitest';
import type { Plan, PlanModel } from '../../src/protocol/plan.js';
import { evaluatedModels } from '../../src/run/evaluated-models.js';

const model = (path: string, adapter: string | null, role: PlanModel['role'] = 'input'): PlanModel => ({
  reference: adapter ?? path,
  path,
  adapter,
  role,
  parameters: 0,
  bytes: 0,
});

const planOf = (models: PlanModel[]): Plan => ({
  version: 1,
  hash: 'abc',
  method: 'linear',
  seed: 0,
  models,
  files: [],
  operations: [],
  rowMaps: [],
  shards: [],
  steps: [],
  adapterSteps: [],
  sideFiles: [],
  estimate: { bytesRead: 0, bytesWritten: 0, peakMemory: 0, seconds: 0 },
});

const told = (models: PlanModel[], name = 'out', base: string | null = null) =>
  evaluatedModels(planOf(models), { name, path: '/out', merged: null, base }).map(
    (each) => `${each.role} ${each.name} ${each.path} ${each.adapter}`,
  );

describe('the models to evaluate', () => {
  test('are those of the plan, then what it makes, under a name of its own', () => {
    expect(told([model('/m/base', null, 'base'), model('/m/out', null)])).toEqual([
      'base base /m/base null',
      'parent out /m/out null',
      'merge out (merge) /out null',
    ]);
  });

  test('have the base of adapters among them, which is no part of the plan', () => {
    const cached = '/hub/models--meta-llama--Llama-2-7b-hf/snapshots/01c7f7';
    expect(told([model(cached, '/a/one'), model(cached, '/a/two')])).toEqual([
      `base Llama-2-7b-hf ${cached} null`,
      `parent one ${cached} /a/one`,
      `parent two ${cached} /a/two`,
      'merge out /out null',
    ]);
    expect(told([model('/m/base', '/a/one')])[0]).toBe('base base /m/base null');
  });

  test('begin with a base that the plan does without', () => {
    const models = [model('/m/one', null), model('/m/two', null)];
    expect(told(models, 'out', '/m/base').slice(0, 2)).toEqual(['base base /m/base null', 'parent one /m/one null']);
  });

  test('have no base where adapters stand on several models, or it is there already', () => {
    expect(told([model('/m/x', '/a/one'), model('/m/y', '/a/two')])).toHaveLength(3);
    expect(told([model('/m/x', null, 'base'), model('/m/x', '/a/two')])).toHaveLength(3);
  });
});
