import { describe, expect, it } from 'vitest';
import { startAhead } from '../../src/bridge/start-ahead.js';
import { startWorker } from '../../src/bridge/worker.js';
import { mergeParams } from './fake-peer.js';
import { noPython, scripted, testPython, titled } from './python.js';
import { rejection } from './rejection.js';

const ahead = (entry: readonly string[]) => startAhead({ python: testPython, environment: process.env, entry });

describe.skipIf(noPython)(titled('a worker that is started ahead', noPython), () => {
  it('is the one that is spoken to later', async () => {
    const started = ahead(scripted('exits_zero'));
    const { pid } = started.take(undefined);
    const worker = await startWorker({ python: '/no/such/python', ahead: started });
    expect(worker.pid).toBe(pid);
    expect(await rejection(worker.merge(mergeParams))).toHaveProperty('message', 'The worker ended without an answer.');
  });

  it('hands on what it printed before anybody listened', async () => {
    const started = ahead(['-c', 'import sys; print("first\\nsecond", file=sys.stderr)']);
    await started.take(undefined).ended;
    const lines: string[] = [];
    started.take((line) => lines.push(line));
    expect(lines).toEqual(['first', 'second']);
  });

  it('ends where it turns out not to be needed', async () => {
    const started = ahead(scripted('never_answers'));
    expect(await started.end()).toMatchObject({ signal: 'SIGKILL', stopped: true });
  });
});
