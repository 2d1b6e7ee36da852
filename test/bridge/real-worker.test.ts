import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type StartWorkerOptions, startWorker, type Worker } from '../../src/bridge/worker.js';
import { exitCodes } from '../../src/errors.js';
import type { MergeResult, ProgressNotification } from '../../src/protocol/messages.js';
import { Plan } from '../../src/protocol/plan.js';
import { protocolDigest } from '../../src/protocol/wire-types.js';
import { mergeParams } from './fake-peer.js';
import { longMerge } from './long-merge.js';
import { noTorch, scripted, testPython, titled } from './python.js';
import { rejection } from './rejection.js';

let folder = '';
const workers: Worker[] = [];
let shared: Worker | undefined;

const start = async (options: Partial<StartWorkerOptions> = {}) => {
  const worker = await startWorker({ python: testPython, ...options });
  workers.push(worker);
  return worker;
};

/** One worker for the tests that leave it alive: starting one means importing torch. */
const lasting = async () => {
  shared ??= await start();
  return shared;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-test-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
afterAll(() => Promise.all(workers.map((worker) => worker.close())));

const tensors = 64;

/** Runs a merge of a second or more, does `act` when it is certainly under way, gives its error. */
const interrupted = async (worker: Worker, act: () => void, signal?: AbortSignal) => {
  const seen: ProgressNotification[] = [];
  const error = await rejection(
    worker.merge(longMerge(folder, { tensors }), {
      signal,
      onProgress: (progress) => {
        if (seen.push(progress) === 1) act();
      },
    }),
  );
  expect(seen[0]?.tensorsDone).toBeLessThan(tensors);
  return error;
};

describe.skipIf(noTorch)(titled('the real worker', noTorch), () => {
  it('introduces itself', async () => {
    const { info } = await lasting();
    expect(info.protocol).toBe(protocolDigest());
    expect(info.devices[0]).toMatchObject({ name: 'cpu' });
    expect(info.threads).toBeGreaterThan(0);
  });

  it('merges, tells how far it is, and fills the shard', async () => {
    const worker = await lasting();
    const seen: ProgressNotification[] = [];
    const params = longMerge(folder, { tensors: 4 });
    const result: MergeResult = await worker.merge(params, { onProgress: (progress) => seen.push(progress) });
    const plan = Plan.parse(JSON.parse(readFileSync(params.planPath, 'utf8')));
    expect(result.tensors).toBe(4);
    expect(seen.at(-1)).toMatchObject({ job: params.job, tensorsDone: 4 });
    expect(seen.map(({ bytesDone }) => bytesDone)).toEqual(
      seen.map(({ bytesDone }) => bytesDone).sort((a, b) => a - b),
    );
    const shard = readFileSync(join(params.directory, 'model.safetensors'));
    expect(shard).toHaveLength(plan.shards[0]?.bytes ?? 0);
    expect(shard.subarray(8, 8 + (plan.shards[0]?.header.length ?? 0)).toString()).toBe(plan.shards[0]?.header);
  });

  it('is not disturbed by what is printed around it', async () => {
    const lines: string[] = [];
    const worker = await start({ entry: scripted('noisy'), onStderrLine: (line) => lines.push(line) });
    await worker.merge(longMerge(folder, { tensors: 1 }));
    await worker.close();
    const twice = ['print before', 'from a child', "past Python's streams", 'print after'];
    for (const text of twice)
      expect(
        lines.filter((line) => line === text),
        text,
      ).toHaveLength(2);
  });

  it('refuses a plan that is none, and goes on to the next', async () => {
    const worker = await lasting();
    const planPath = join(folder, 'plan.json');
    writeFileSync(planPath, '{"version": 1}');
    const error = await rejection(worker.merge({ ...mergeParams, planPath, directory: folder }));
    expect(error).toMatchObject({ code: 'plan-invalid', exitCode: exitCodes.bug });
    expect((await worker.merge(longMerge(folder, { tensors: 1 }))).tensors).toBe(1);
  });

  it('says that an input was changed since the plan', async () => {
    const worker = await lasting();
    const params = longMerge(folder, { tensors: 1 });
    writeFileSync(join(folder, 'input.bin'), 'shorter');
    const error = await rejection(worker.merge(params));
    expect(error).toMatchObject({ code: 'file-changed', exitCode: exitCodes.integrity });
    expect((error as Error).message).toContain('input.bin');
  });

  it('stops a merge when asked, by itself, and can do another', async () => {
    const worker = await lasting();
    const controller = new AbortController();
    const error = await interrupted(worker, () => controller.abort(), controller.signal);
    expect(error).toMatchObject({ code: 'cancelled', exitCode: exitCodes.interrupted });
    rmSync(join(folder, 'out.partial'), { recursive: true });
    expect((await worker.merge(longMerge(folder, { tensors: 1 }))).tensors).toBe(1);
  });

  it('that is killed in a merge fails it within two seconds, and says what happened', async () => {
    const worker = await start();
    let killed = 0;
    const error = await interrupted(worker, () => {
      killed = performance.now();
      process.kill(worker.pid, 'SIGKILL');
    });
    expect(performance.now() - killed).toBeLessThan(2_000);
    expect(error).toMatchObject({ code: 'worker-died', exitCode: exitCodes.failed });
    expect((error as Error).message).toContain('was killed by SIGKILL; most likely the machine ran out of memory');
  });

  it('that freezes in a merge is killed when it is cancelled', async () => {
    const worker = await start();
    const controller = new AbortController();
    let aborted = 0;
    const error = await interrupted(
      worker,
      () => {
        process.kill(worker.pid, 'SIGSTOP');
        aborted = performance.now();
        controller.abort();
      },
      controller.signal,
    );
    expect(error).toMatchObject({ code: 'cancelled' });
    expect(performance.now() - aborted).toBeLessThan(2_000);
  });
});
