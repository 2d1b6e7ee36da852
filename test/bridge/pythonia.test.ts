import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type LivePython, openLivePython } from '../../src/bridge/pythonia.js';
import { exitCodes, UserError } from '../../src/errors.js';
import { noPython, noTorch, testPython, titled } from './python.js';
import { rejection } from './rejection.js';

let folder = '';
const sessions: LivePython[] = [];
const logFile = () => join(folder, "what python's code printed.log");

const open = async (python = testPython, importFrom: string[] = []) => {
  const session = await openLivePython({ python, logFile: logFile(), importFrom });
  sessions.push(session);
  return session;
};

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-test-'));
});
afterEach(async () => {
  await Promise.all(sessions.splice(0).map((session) => session.close()));
  rmSync(folder, { recursive: true });
});

describe.skipIf(noPython)(titled('a live Python', noPython), () => {
  it('calls functions with JSON values and gives JSON values back', async () => {
    const live = await open();
    expect(await live.call('math', 'hypot', [3, 4])).toBe(5);
    expect(await live.call('json', 'loads', ['{"a": [1, null, true, "é漢"]}'])).toEqual({ a: [1, null, true, 'é漢'] });
    expect(await live.call('builtins', 'sorted', [[]])).toEqual([]);
    expect(await live.call('os', 'path.basename', ['/a/b'])).toBe('b');
  });

  it('carries megabytes', async () => {
    const text = 'größe '.repeat(300_000);
    expect(await (await open()).call('builtins', 'str', [text])).toBe(text);
  });

  it('answers calls that were made together, each with its own answer', async () => {
    const live = await open();
    const numbers = Array.from({ length: 50 }, (_, index) => index);
    expect(await Promise.all(numbers.map((number) => live.call('operator', 'neg', [number + 1])))).toEqual(
      numbers.map((number) => -number - 1),
    );
  });

  it("keeps state between calls, and runs a user's own module", async () => {
    writeFileSync(join(folder, 'scorer.py'), 'seen = []\ndef add(x):\n    seen.append(x)\n    return sum(seen)\n');
    const live = await open(testPython, [folder]);
    expect(await live.call('scorer', 'add', [2])).toBe(2);
    expect(await live.call('scorer', 'add', [3])).toBe(5);
  });

  it('prints into the log and nowhere else', async () => {
    const live = await open();
    await live.call('builtins', 'print', ['from python']);
    await live.call('os', 'system', ['echo from its child']);
    expect(readFileSync(logFile(), 'utf8')).toBe('from python\nfrom its child\n');
  });

  it.each([
    ['an exception', 'math', 'sqrt', [-1], 'math.sqrt: ValueError: math domain error'],
    ['an unknown module', 'no_such_module', 'f', [], 'ModuleNotFoundError'],
    ['an unknown function', 'math', 'cube', [], 'AttributeError'],
    ['something that is no function', 'math', 'pi', [], 'math.pi is not callable'],
    ['a result that is NaN', 'builtins', 'float', ['nan'], 'ValueError'],
    ['a result that is no JSON value', 'builtins', 'object', [], 'TypeError'],
    ['an attempt to leave', 'sys', 'exit', [3], 'SystemExit: 3'],
  ])('survives %s', async (_name, module, fn, args, message) => {
    const live = await open();
    const error = (await rejection(live.call(module, fn, args))) as UserError;
    expect(error).toBeInstanceOf(UserError);
    expect(error).toMatchObject({ code: 'python-raised', exitCode: exitCodes.failed });
    expect(error.message).toContain(message);
    expect(error.message).not.toContain('Traceback');
    expect((error.cause as Error).stack).toContain('Traceback');
    expect(await live.call('operator', 'add', [1, 1])).toBe(2);
  });

  it('that dies in a call rejects it, those that wait and those that come', async () => {
    const live = await open();
    const waiting = [
      live.call('os', 'kill', [live.pid, 9]),
      live.call('time', 'sleep', [60]),
      live.call('math', 'sqrt', [4]),
    ];
    const errors = await Promise.all(waiting.map(rejection));
    expect(errors[0]).toMatchObject({ code: 'live-python-died' });
    expect((errors[0] as Error).message).toContain('SIGKILL');
    expect(errors).toEqual([errors[0], errors[0], errors[0]]);
    expect(await rejection(live.call('math', 'sqrt', [4]))).toBe(errors[0]);
  });

  it('that is closed in a call rejects it at once', async () => {
    const live = await open();
    const sleeping = rejection(live.call('time', 'sleep', [60]));
    await live.close();
    expect(await sleeping).toMatchObject({ code: 'live-python-closed' });
    expect(await rejection(live.call('math', 'sqrt', [4]))).toMatchObject({ code: 'live-python-closed' });
  });

  it('may be one of several', async () => {
    const [one, other] = [await open(), await open()];
    expect(await one.call('os', 'getpid', [])).toBe(one.pid);
    expect(await other.call('os', 'getpid', [])).toBe(other.pid);
    await one.close();
    expect(await other.call('math', 'sqrt', [4])).toBe(2);
  });

  it.each([
    ['is missing', () => '/no/such/python', 'there is no such program'],
    ['is not executable', () => logFile(), 'it is not executable'],
  ])('whose interpreter %s says so', async (_name, python, message) => {
    writeFileSync(logFile(), '');
    const error = (await rejection(open(python()))) as UserError;
    expect(error).toMatchObject({ code: 'live-python-died', exitCode: exitCodes.failed });
    expect(error.message).toContain(message);
  });

  it('leaves the environment of this process alone', async () => {
    const before = { ...process.env };
    const live = await open();
    await live.close();
    expect(process.env).toEqual(before);
  });
});

describe.skipIf(noTorch)(titled('checking the devices', noTorch), () => {
  it('multiplies on each of them and finds the CPU right', async () => {
    const checks = (await (await open()).call('amalgam_worker.live', 'check_devices', [])) as Record<string, unknown>[];
    expect(checks[0]).toMatchObject({ device: 'cpu', ok: true, problem: null });
  });
});
