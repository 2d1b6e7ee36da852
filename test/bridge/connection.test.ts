import { describe, expect, it } from 'vitest';
import { ResponseError } from 'vscode-jsonrpc/node';
import { exitCodes, UserError } from '../../src/errors.js';
import type { ProgressNotification } from '../../src/protocol/messages.js';
import { linked, mergeParams, mergeResult } from './fake-peer.js';
import { rejection } from './rejection.js';

const progress: ProgressNotification = { job: 7, bytesDone: 1, tensorsDone: 0, tensor: 'a.weight', memory: 5 };

describe('requests', () => {
  it('carry their parameters and bring back the answer', async () => {
    const { connection, peer } = linked();
    const received: unknown[] = [];
    peer.onRequest('merge', (params: unknown) => {
      received.push(params);
      return mergeResult;
    });
    expect(await connection.request('merge', mergeParams)).toEqual(mergeResult);
    expect(received).toEqual([mergeParams]);
  });

  it.each([
    ['a field of the wrong type', { ...mergeResult, tensors: 'three' }, 'tensors'],
    ['a fraction for a count', { ...mergeResult, bytesRead: 1.5 }, 'bytesRead'],
    ['a missing field', { ...mergeResult, seconds: undefined }, 'seconds'],
    ['an unknown field', { ...mergeResult, colour: 'red' }, 'colour'],
    ['null', null, 'as a whole'],
  ])('treat an answer with %s as a bug that names the place', async (_name, answer, place) => {
    const { connection, peer } = linked();
    peer.onRequest('merge', (): unknown => answer);
    const error = await rejection(connection.request('merge', mergeParams));
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'protocol-violation', exitCode: exitCodes.bug });
    expect((error as Error).message).toContain('"merge"');
    expect((error as Error).message).toContain(place);
    expect(await connection.broken).toBe(error);
  });

  it('may be answered out of order', async () => {
    const { connection, peer } = linked();
    let answerFirst: (value: unknown) => void = () => {};
    peer.onRequest('merge', ({ job }: { job: number }) =>
      job === 1 ? new Promise((resolve) => (answerFirst = resolve)) : { ...mergeResult, tensors: job },
    );
    const first = connection.request('merge', { ...mergeParams, job: 1 });
    const second = await connection.request('merge', { ...mergeParams, job: 2 });
    answerFirst({ ...mergeResult, tensors: 1 });
    expect([(await first).tensors, second.tensors]).toEqual([1, 2]);
  });
});

describe('notifications', () => {
  it('arrive in order, before the answer, until the listener is taken away', async () => {
    const { connection, peer } = linked();
    const seen: number[] = [];
    const forget = connection.onNotification('progress', ({ bytesDone }) => seen.push(bytesDone));
    peer.onRequest('merge', () => {
      for (const bytesDone of [1, 2, 3]) peer.sendNotification('progress', { ...progress, bytesDone });
      return mergeResult;
    });
    await connection.request('merge', mergeParams);
    expect(seen).toEqual([1, 2, 3]);
    forget();
    await connection.request('merge', mergeParams);
    expect(seen).toEqual([1, 2, 3]);
  });

  it.each([
    ['progress', { ...progress, memory: null }, 'memory'],
    ['metric', { job: 1 }, 'task'],
    ['telemetry', {}, 'telemetry'],
  ])('that are not as agreed (%s) fail everything pending', async (name, params, place) => {
    const { connection, peer } = linked();
    peer.onRequest('merge', () => {
      peer.sendNotification(name, params);
      return new Promise(() => {});
    });
    const error = await rejection(connection.request('merge', mergeParams));
    expect(error).toMatchObject({ code: 'protocol-violation', exitCode: exitCodes.bug });
    expect((error as Error).message).toContain(place);
  });

  it('hand an error of their listener to the request that is pending', async () => {
    const { connection, peer } = linked();
    const mistake = new RangeError('no such row');
    connection.onNotification('progress', () => {
      throw mistake;
    });
    peer.onRequest('merge', () => {
      peer.sendNotification('progress', progress);
      return new Promise(() => {});
    });
    expect(await rejection(connection.request('merge', mergeParams))).toBe(mistake);
  });
});

describe('cancellation', () => {
  it('reaches the worker and rejects with the interrupted code', async () => {
    const { connection, peer } = linked();
    const controller = new AbortController();
    peer.onRequest('merge', (_params: unknown, token) => {
      const stopped = new Promise((_resolve, reject) => {
        token.onCancellationRequested(() =>
          reject(new ResponseError(-32000, 'stopped', { code: 'cancelled', hint: null, traceback: null })),
        );
      });
      controller.abort();
      return stopped;
    });
    const error = await rejection(connection.request('merge', mergeParams, { signal: controller.signal }));
    expect(error).toMatchObject({ code: 'cancelled', exitCode: exitCodes.interrupted });
  });

  it('wins over an answer that crossed it', async () => {
    const { connection, peer } = linked();
    const controller = new AbortController();
    peer.onRequest('merge', () => {
      controller.abort();
      return mergeResult;
    });
    const error = await rejection(connection.request('merge', mergeParams, { signal: controller.signal }));
    expect(error).toMatchObject({ code: 'cancelled' });
  });

  it('before the start sends nothing', async () => {
    const { connection, peer } = linked();
    let asked = 0;
    peer.onRequest('merge', () => {
      asked += 1;
      return mergeResult;
    });
    const error = await rejection(connection.request('merge', mergeParams, { signal: AbortSignal.abort() }));
    expect(error).toMatchObject({ code: 'cancelled' });
    await connection.request('merge', mergeParams);
    expect(asked).toBe(1);
  });

  it("rejects with the abort's own reason where that is an error for the user", async () => {
    const { connection } = linked();
    const reason = new UserError({
      code: 'terminated',
      message: 'Stopped by SIGTERM.',
      exitCode: exitCodes.terminated,
    });
    const signal = AbortSignal.abort(reason);
    expect(await rejection(connection.request('merge', mergeParams, { signal }))).toBe(reason);
  });
});

describe('the end of a connection', () => {
  it('rejects all that is pending and all that follows', async () => {
    const { connection, theirs } = linked();
    const pending = [1, 2, 3].map((job) => rejection(connection.request('merge', { ...mergeParams, job })));
    theirs.writable.end();
    const errors = await Promise.all(pending);
    for (const error of errors) expect(error).toMatchObject({ code: 'worker-died' });
    expect(new Set(errors).size).toBe(1);
    expect(await rejection(connection.request('merge', mergeParams))).toBe(errors[0]);
  });

  it('asks why, and says so', async () => {
    const why = new UserError({ code: 'worker-died', message: 'struck by lightning' });
    const { connection, theirs } = linked({ explainClose: async () => why });
    const pending = rejection(connection.request('merge', mergeParams));
    theirs.writable.end();
    expect(await pending).toBe(why);
  });

  it('is found out where writing fails', async () => {
    const why = new UserError({ code: 'worker-died', message: 'struck by lightning' });
    const { connection, theirs } = linked({ explainClose: async () => why });
    theirs.readable.destroy();
    expect(await rejection(connection.request('merge', mergeParams))).toBe(why);
  });

  it('by our own hand gives the reason that was given', async () => {
    const { connection } = linked();
    const pending = rejection(connection.request('merge', mergeParams));
    const reason = new UserError({ code: 'worker-stopped', message: 'enough' });
    connection.close(reason);
    expect(await pending).toBe(reason);
    expect(await connection.broken).toBe(reason);
  });
});
