import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkKernels } from '../../src/cli/kernels-check.js';
import { noPython, testPython } from '../bridge/python.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-kernels-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe.skipIf(noPython)('checkKernels', () => {
  it('says that there is no compiler, and what to do', async () => {
    const check = await checkKernels(testPython, { PATH: folder, AMALGAM_HOME: folder });
    expect(check).toMatchObject({ state: 'note', text: expect.stringContaining('no C++ compiler') });
    expect(check.fix).toContain('g++');
  });

  it('says that the user has turned them off', async () => {
    const check = await checkKernels(testPython, { AMALGAM_HOME: folder, AMALGAM_COMPILED_KERNELS: 'off' });
    expect(check).toMatchObject({ state: 'note', text: expect.stringContaining('AMALGAM_COMPILED_KERNELS=off') });
  });

  it('warns where Python cannot be asked', async () => {
    const check = await checkKernels(join(folder, 'no-python'), { AMALGAM_HOME: folder });
    expect(check.state).toBe('warning');
  });
});
