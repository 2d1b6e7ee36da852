import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { describe, expect, test } from 'vitest';
import type { CliContext } from '../../src/cli/context.js';
import { repositoryFinder } from '../../src/cli/find-repository.js';
import { plan } from '../../src/cli/plan.js';
import { exitCodes } from '../../src/errors.js';
import type { UnstampedEvent } from '../../src/events.js';
import { afterDownload } from '../../src/hub/download.js';
import { readSafetensorsHeader } from '../../src/hub/safetensors-header.js';
import { fetchInputs } from '../../src/run/fetch-inputs.js';
import { runMerge } from '../../src/run/merge.js';
import { planRecipe } from '../../src/run/plan-recipe.js';
import { noTorch, testPython, titled } from '../bridge/python.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { emptyCache, type TestEnvironment } from './session.js';

const hub = await startHub();
const token = 'hf_canaryOfAMember0000000';
const modelOf = (data: readonly number[]) =>
  writeCheckpoint(temporaryFolder(), {
    tensors: { 'model.norm.weight': { dtype: 'F32', shape: [4], data } },
    files: { 'tokenizer.json': '{}' },
  });
hub.publish('org/one', modelOf([1, 2, 3, 4]), { access: 'gated', members: [token] });
hub.publish('org/two', modelOf([3, 2, 1, 0]));

const cwd = temporaryFolder();
const recipe = `merge_method: linear
models:
  - {model: org/one, parameters: {weight: 0.75}}
  - {model: org/two, parameters: {weight: 0.25}}
`;
writeFileSync(join(cwd, 'r.yml'), recipe);

const runPlan = async (env: TestEnvironment, json: boolean) => {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()];
  const context = { env, cwd, stdin: new PassThrough(), stdout, stderr } as unknown as CliContext;
  const code = await plan(context, 'r.yml', { seed: 0, json });
  return { code, stdout: String(stdout.read() ?? ''), stderr: String(stderr.read() ?? '') };
};

describe('the plan of a recipe with repositories', () => {
  test('says how much is to be downloaded', async () => {
    const { code, stdout, stderr } = await runPlan(emptyCache(hub, { HF_TOKEN: token }), false);
    expect([code, stderr]).toEqual([exitCodes.ok, '']);
    expect(stdout).toMatch(/^downloads \d+ B in \d+ files before the merge$/m);
    expect(stdout).not.toContain(token);
  });

  test('lists in JSON what is to be downloaded, at its commit', async () => {
    const { stdout } = await runPlan(emptyCache(hub, { HF_TOKEN: token }), true);
    const { downloads, faults } = JSON.parse(stdout);
    expect(faults).toEqual([]);
    expect(downloads).toContainEqual({
      repository: 'org/one',
      commit: expect.stringMatching(/^[0-9a-f]{40}$/),
      name: 'model.safetensors',
      bytes: expect.any(Number),
    });
    expect(stdout).not.toContain(token);
  });

  test('puts a refusal of the Hub at the place of the model, with its own exit code', async () => {
    const { code, stderr } = await runPlan(emptyCache(hub, { HF_TOKEN: 'hf_canaryOfAStranger00000' }), false);
    expect(code).toBe(exitCodes.authentication);
    expect(stderr).toContain('r.yml:3');
    expect(stderr).toContain('org/one is gated');
    expect(stderr).not.toContain('hf_canary');
  });
});

describe.skipIf(noTorch !== undefined)(titled('a merge of repositories', noTorch), () => {
  test('fetches them and computes with what arrived', async () => {
    const env = emptyCache(hub, { HF_TOKEN: token });
    const output = join(temporaryFolder(), 'merged');
    const events: UnstampedEvent[] = [];
    const emit = (event: UnstampedEvent) => void events.push(event);
    const { signal } = new AbortController();
    const planned = await planRecipe('r.yml', { cwd, findRepository: repositoryFinder(env, { cwd, signal }), seed: 0 });
    if (planned.plan === null) throw new Error(JSON.stringify(planned.faults));
    await fetchInputs(planned.downloads, { emit, signal });
    await runMerge({
      plan: { ...planned.plan, files: afterDownload(planned.plan.files) },
      output,
      force: false,
      version: '0',
      comparedBase: null,
      tasks: [],
      evaluation: { limit: null, sampleSeed: null, batchSize: null, keptScores: null, results: null },
      python: testPython,
      device: 'cpu',
      threads: 1,
      environment: process.env,
      emit,
      signal,
    });
    const path = join(output, 'model.safetensors');
    const { offset } = readSafetensorsHeader(path).entries.get('model.norm.weight') ?? { offset: 0 };
    const merged = new Float32Array(new Uint8Array(readFileSync(path).subarray(offset)).buffer);
    expect([...merged]).toEqual([1.5, 2, 2.5, 3]);
    expect(readFileSync(join(output, 'tokenizer.json'), 'utf8')).toBe('{}');
    const told = events.flatMap((event) => (event.type === 'log' ? [event.message] : []));
    expect(told[0]).toMatch(/^downloading \d+ files \(\d+ B\) of org\/one, org\/two$/);
    expect(JSON.stringify(events)).not.toContain(token);
    const everything = readFileSync(join(output, 'README.md'), 'utf8') + JSON.stringify(planned.plan);
    expect(everything).not.toContain(token);
  });
});
