import { existsSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type StartWorkerOptions, startWorker } from '../../src/bridge/worker.js';
import { exitCodes, UserError } from '../../src/errors.js';
import { protocolDigest } from '../../src/protocol/wire-types.js';
import { evaluateParams, mergeParams } from './fake-peer.js';
import { noPython, scripted, testPython, titled } from './python.js';
import { rejection } from './rejection.js';

const start = (entry: readonly string[], options: Partial<StartWorkerOptions> = {}) =>
  startWorker({ python: testPython, entry, ...options });

const startError = async (entry: readonly string[], options: Partial<StartWorkerOptions> = {}) =>
  (await rejection(start(entry, options))) as UserError;

const mergeError = async (entry: readonly string[]) =>
  (await rejection((await start(entry)).merge(mergeParams))) as UserError;

const isAlive = (pid: number) => {
  try {
    // An orphan that nobody collects stays listed as a zombie.
    if (existsSync('/proc/self/stat')) return !/\) Z /.test(readFileSync(`/proc/${pid}/stat`, 'utf8'));
    return process.kill(pid, 0);
  } catch {
    return false;
  }
};

describe.skipIf(noPython)(titled('a worker that does not come up', noPython), () => {
  it('because there is no such Python says so and where to look', async () => {
    const error = await startError([], { python: '/no/such/python' });
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'worker-start-failed', exitCode: exitCodes.failed });
    expect(error.message).toBe('Python (/no/such/python) could not start: there is no such program.');
    expect(error.hint).toContain('amalgam doctor');
  });

  it('because the program is not executable says so', async () => {
    const [script = ''] = scripted('framed');
    expect((await startError([], { python: script })).message).toContain('it is not executable');
  });

  it('because an import fails quotes the exception and no frame', async () => {
    const error = await startError(scripted('missing_module'));
    expect(error.message).toContain("ModuleNotFoundError: No module named 'a_module_that_nobody_has'");
    expect(error.message).toContain('exit code 1');
    expect(error.message).not.toContain('Traceback');
    expect(error.hint).toContain('amalgam doctor');
    expect((error.cause as Error).message).toContain('Traceback');
  });

  it('because it leaves gives its code and its last words', async () => {
    const error = await startError(scripted('exits_at_start'));
    expect(error.message).toContain('exit code 3');
    expect(error.message).toContain('licence check failed');
  });

  it('because a shell around it reports a signal as an exit code is understood', async () => {
    expect((await startError(['-c', 'import sys; sys.exit(137)'])).message).toContain('killed by SIGKILL');
  });

  it('because it prints to the channel quotes the print, made harmless', async () => {
    const error = await startError(scripted('junk_on_stdout'));
    expect(error).toMatchObject({ code: 'protocol-violation', exitCode: exitCodes.bug });
    expect(error.message).toContain('Loading model...');
    expect(error.message).not.toContain('\u001b');
  });

  it('because it is silent is given up after the time allowed', async () => {
    const error = await startError(scripted('never_answers'), { startMilliseconds: 1_000 });
    expect(error).toMatchObject({ code: 'worker-silent', exitCode: exitCodes.failed });
    expect(error.message).toContain('within 1 s');
    expect(error.hint).toContain('amalgam doctor');
  });

  it('because it comes from another version names both protocols', async () => {
    const error = await startError(scripted('other_protocol'));
    expect(error).toMatchObject({ code: 'protocol-mismatch', exitCode: exitCodes.bug });
    expect(error.message).toContain('0123456789abcdef');
    expect(error.message).toContain(protocolDigest());
    expect(error.message).not.toContain('\n');
  });

  it('because the start was cancelled is killed', async () => {
    const controller = new AbortController();
    const error = await startError(scripted('never_answers'), {
      signal: controller.signal,
      cancelMilliseconds: 10,
      onStderrLine: () => controller.abort(),
    });
    expect(error).toMatchObject({ code: 'cancelled', exitCode: exitCodes.interrupted });
  });
});

describe.skipIf(noPython)(titled('a worker that goes away in mid-request', noPython), () => {
  it.each([
    ['SIGKILL', 'was killed by SIGKILL; most likely the machine ran out of memory'],
    ['SIGSEGV', 'segmentation fault'],
    ['SIGBUS', 'truncated'],
    ['SIGABRT', 'aborted (SIGABRT)'],
    ['SIGTERM', 'ended from outside by SIGTERM'],
  ])('by %s says what that means', async (signal, meaning) => {
    const error = await mergeError(scripted('dies_by_signal', signal));
    expect(error).toMatchObject({ code: 'worker-died', exitCode: exitCodes.failed });
    expect(error.message).toContain(meaning);
    const faulthandlerSpeaks = ['SIGSEGV', 'SIGBUS', 'SIGABRT'].includes(signal);
    expect(error.message).toContain(faulthandlerSpeaks ? 'Fatal Python error' : 'reading shard 2');
  });

  it('with exit code 0 is a failure all the same', async () => {
    const error = await mergeError(scripted('exits_zero'));
    expect(error.message).toBe('The worker ended without an answer.');
    expect(error.exitCode).toBe(exitCodes.failed);
  });

  it('in the middle of a message is found out', async () => {
    expect((await mergeError(scripted('half_message'))).message).toContain('SIGKILL');
  });

  it('by closing its channel only is found out and ended', async () => {
    const worker = await start(scripted('deaf'));
    const error = (await rejection(worker.merge(mergeParams))) as UserError;
    expect(error.message).toContain('closed its connection');
    expect(isAlive(worker.pid)).toBe(false);
  });

  it('after 20 MB of stderr is quoted at its end', async () => {
    const error = await mergeError(scripted('loud'));
    expect(error.message).toContain('MemoryError: no room for tensor lm_head.weight');
    expect(error.message.length).toBeLessThan(1_000);
  });

  it('rejects everything pending and everything later', async () => {
    const worker = await start(scripted('dies_by_signal', 'SIGKILL'));
    const both = [rejection(worker.merge(mergeParams)), rejection(worker.evaluate(evaluateParams))];
    for (const error of await Promise.all(both)) expect(error).toMatchObject({ code: 'worker-died' });
    expect(await rejection(worker.merge(mergeParams))).toMatchObject({ code: 'worker-died' });
  });
});

/** A worker together with the first log message that it sends. */
const startLogging = async (entry: readonly string[], options: Partial<StartWorkerOptions> = {}) => {
  let heard: (message: string) => void = () => {};
  const logged = new Promise<string>((resolve) => {
    heard = resolve;
  });
  const worker = await start(entry, { ...options, onLog: ({ message }) => heard(message) });
  return { worker, logged };
};

describe.skipIf(noPython)(titled('ending a worker', noPython), () => {
  it('that listens takes no force', async () => {
    const worker = await start(scripted('exits_zero'));
    await worker.close();
    expect(isAlive(worker.pid)).toBe(false);
    expect(await rejection(worker.merge(mergeParams))).toMatchObject({ code: 'worker-stopped' });
  });

  it('that does not answer an abort kills it, in time for a prompt within two seconds', async () => {
    const { worker, logged } = await startLogging(scripted('stubborn'));
    const controller = new AbortController();
    const pending = rejection(worker.merge(mergeParams, { signal: controller.signal }));
    await logged;
    const aborted = performance.now();
    controller.abort();
    expect(await pending).toMatchObject({ code: 'cancelled', exitCode: exitCodes.interrupted });
    expect(performance.now() - aborted).toBeLessThan(2_000);
    expect(isAlive(worker.pid)).toBe(false);
  });

  it('that ignores the end of its input and SIGTERM comes to an end', async () => {
    const { worker, logged } = await startLogging(scripted('stubborn'));
    const pending = rejection(worker.merge(mergeParams));
    await logged;
    await worker.close();
    expect(await pending).toMatchObject({ code: 'worker-stopped' });
    expect(isAlive(worker.pid)).toBe(false);
  });

  it('by force ends its children too', async () => {
    const { worker, logged } = await startLogging(scripted('parent'));
    const pending = rejection(worker.merge(mergeParams));
    const child = Number(await logged);
    expect(isAlive(child)).toBe(true);
    worker.kill();
    expect(await pending).toMatchObject({ code: 'worker-stopped' });
    await expect.poll(() => isAlive(child)).toBe(false);
  });

  it('comes with the end of this process', async () => {
    const before = process.listeners('exit');
    const { worker, logged } = await startLogging(scripted('parent'));
    const pending = rejection(worker.merge(mergeParams));
    const child = Number(await logged);
    for (const listener of process.listeners('exit')) if (!before.includes(listener)) listener(0);
    await expect.poll(() => [worker.pid, child].some(isAlive)).toBe(false);
    await pending;
  });

  it('from outside ends its children too', async () => {
    const { worker, logged } = await startLogging(scripted('parent'));
    const pending = rejection(worker.merge(mergeParams));
    const child = Number(await logged);
    process.kill(worker.pid, 'SIGKILL');
    expect(await pending).toMatchObject({ code: 'worker-died' });
    await expect.poll(() => isAlive(child)).toBe(false);
  });
});

describe.skipIf(noPython)(titled('the surroundings of a worker', noPython), () => {
  it('are offline, without tokens, and shadow no module', async () => {
    const secret = 'hf_aCanaryThatMustNotBeSeen';
    const { worker, logged } = await startLogging(scripted('environment'), {
      environment: {
        ...process.env,
        HF_TOKEN: secret,
        HUGGING_FACE_HUB_TOKEN: secret,
        HF_AUTH_TOKEN: secret,
        PYTHONHOME: '/nowhere',
        PYTHONPATH: '/users/own',
        KEPT: 'yes',
      },
    });
    const pending = rejection(worker.merge(mergeParams));
    const facts = JSON.parse(await logged) as {
      cwd: string;
      path: string[];
      environment: Record<string, string>;
      group: boolean;
    };
    expect(JSON.stringify(facts)).not.toContain(secret);
    expect(facts.environment).toMatchObject({
      HF_HUB_OFFLINE: '1',
      TRANSFORMERS_OFFLINE: '1',
      TOKENIZERS_PARALLELISM: 'false',
      PYTHONDONTWRITEBYTECODE: '1',
      KEPT: 'yes',
    });
    expect(facts.environment.PYTHONHOME).toBeUndefined();
    expect(facts.cwd).toMatch(/\/py$/);
    expect(facts.path.indexOf(facts.cwd)).toBeLessThan(facts.path.indexOf('/users/own'));
    expect(facts.path).not.toContain(process.cwd());
    expect(facts.group).toBe(true);
    await worker.close();
    await pending;
  });

  it('leave no listener behind on this process', async () => {
    const before = process.listenerCount('exit');
    const worker = await start(scripted('exits_zero'));
    await worker.close();
    await startError([], { python: '/no/such/python' });
    expect(process.listenerCount('exit')).toBe(before);
  });
});
