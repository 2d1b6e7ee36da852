import { describe, expect, it } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { explainPipFailure, findPip } from '../../src/runtime/pip.js';
import { interpreter } from './interpreters.js';

describe('explainPipFailure', () => {
  it.each([
    ['ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device', /disk is full/, 8],
    ["WARNING: Retrying after connection broken by 'NewConnectionError'", /cannot be reached/, 1],
    ['ERROR: No matching distribution found for torch==2.13.0', /no fitting versions/, 1],
    ['error: something else', /exit code 2/, 1],
  ])('%s', (text, message, exitCode) => {
    const error = explainPipFailure(text, 'exit code 2');
    expect(error.message).toMatch(message);
    expect(error.hint).toBeTruthy();
    expect(error.exitCode).toBe(exitCode);
  });

  it('quotes the last lines of pip and no more', () => {
    const text = Array.from({ length: 50 }, (_, index) => `line ${index}`).join('\n');
    const error = explainPipFailure(text, 'exit code 1');
    expect(error.message.split('\n')).toHaveLength(7);
    expect(error.message).toContain('pip: line 49');
    expect(error.exitCode).toBe(exitCodes.failed);
  });
});

describe('findPip', () => {
  const base = interpreter('/base', { torch: '2.13.0' });

  it('prefers the pip of the base', () => {
    const withPip = interpreter('/base', { pip: '24.0' });
    expect(findPip(withPip, [interpreter('/other', { pip: '26.0' })])).toBe(withPip);
  });

  it('borrows one that can install elsewhere', () => {
    const old = interpreter('/old', { pip: '22.2' });
    const usable = interpreter('/usable', { pip: '22.3' });
    expect(findPip(base, [base, old, usable])).toBe(usable);
    expect(findPip(base, [base, old])).toBeUndefined();
  });
});
