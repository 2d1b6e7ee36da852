import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { doctor } from '../../src/cli/doctor.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-doctor-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** The doctor's exit code and text on a machine with an empty home folder. */
const examine = async (changes: NodeJS.ProcessEnv, json = false) => {
  const stdout = new PassThrough();
  const env = { HOME: folder, PATH: '', LANG: 'C.UTF-8', AMALGAM_HOME: join(folder, 'made'), ...changes };
  const exitCode = await doctor({ env, cwd: folder, stdout: stdout as unknown as NodeJS.WriteStream, json });
  return { exitCode, text: String(stdout.read()) };
};

describe('doctor', () => {
  it('gives a line for each check, and a fix for what failed', async () => {
    const { exitCode, text } = await examine({ AMALGAM_PYTHON: '/no/such/python' });
    expect(exitCode).toBe(1);
    for (const name of ['Node', 'npm packages', 'found', 'chosen', 'memory', 'disk', 'Hub', 'terminal']) {
      expect(text).toMatch(new RegExp(`^\\S+ (ok|note|warning|failed) +${name} `, 'm'));
    }
    expect(text).toMatch(/failed +chosen .*\/no\/such\/python.*does not exist\n +fix: \S/);
    expect(text).not.toContain('\u001b');
  });

  it('says the same as one JSON object', async () => {
    const { exitCode, text } = await examine({ AMALGAM_PYTHON: '/no/such/python' }, true);
    const { ok, checks } = JSON.parse(text);
    expect(exitCode).toBe(1);
    expect(ok).toBe(false);
    const failed = checks.filter(({ state }: { state: string }) => state === 'failed');
    expect(failed).toEqual([expect.objectContaining({ name: 'chosen', fix: expect.any(String) })]);
  });

  it('tells that a token is set and never what it is', async () => {
    const { text } = await examine({ AMALGAM_PYTHON: '/no/such/python', HF_TOKEN: 'hf_secretsecret' });
    expect(text).toContain('token set');
    expect(text).not.toContain('secret');
  });

  it('makes no environment and is content where one can be made', async () => {
    const { exitCode, text } = await examine({ PATH: process.env.PATH, HOME: process.env.HOME });
    expect(exitCode).toBe(0);
    expect(text).toMatch(/note +environment .*made at the first run/);
    expect(existsSync(join(folder, 'made'))).toBe(false);
  });
});
