import { describe, expect, it } from 'vitest';
import { workerError } from '../../src/bridge/worker-errors.js';
import { exitCodes } from '../../src/errors.js';
import { WorkerErrorCode } from '../../src/protocol/messages.js';

const response = (code: string, rest: object = {}) => ({
  code: -32000,
  message: 'something happened',
  data: { code, hint: null, traceback: null, ...rest },
});

describe('an error of the worker', () => {
  it.each([
    ['cancelled', exitCodes.interrupted],
    ['no-space', exitCodes.noSpace],
    ['write-failed', exitCodes.noSpace],
    ['out-of-memory', exitCodes.outOfMemory],
    ['file-changed', exitCodes.integrity],
    ['read-failed', exitCodes.integrity],
    ['inputs-differ', exitCodes.incompatible],
    ['internal', exitCodes.bug],
    ['plan-invalid', exitCodes.bug],
    ['protocol-mismatch', exitCodes.bug],
    ['package-missing', exitCodes.failed],
  ])('%s exits with %i', (code, exitCode) => {
    expect(workerError(response(code))).toMatchObject({ code, exitCode, message: 'something happened' });
  });

  it('never exits with success, whatever its code', () => {
    for (const code of WorkerErrorCode.options) expect(workerError(response(code)).exitCode).toBeGreaterThan(0);
  });

  it('keeps the traceback away from the message', () => {
    const error = workerError(response('internal', { traceback: 'Traceback\n  File "engine.py"\nKeyError: 3' }));
    expect(error.message).not.toContain('Traceback');
    expect((error.cause as Error).stack).toContain('engine.py');
  });

  it('is made safe for a terminal', () => {
    const error = workerError({
      ...response('read-failed', { hint: 'look at \u001b]0;title\u0007', traceback: '\u001b[31m' }),
      message: 'bad tensor \u001b[2Jname',
    });
    for (const text of [error.message, error.hint, (error.cause as Error).stack]) expect(text).not.toContain('\u001b');
  });

  it.each([
    ['another number', { code: -32601, message: 'Unhandled method merge' }],
    ['an unknown code', response('tired')],
    ['no data', { code: -32000, message: 'hm' }],
  ])('with %s is a bug', (_name, error) => {
    expect(workerError(error)).toMatchObject({ code: 'protocol-violation', exitCode: exitCodes.bug });
    expect(workerError(error).message).toContain(error.message);
  });
});
