import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCandidates } from '../../src/runtime/candidates.js';
import { unusable } from '../../src/runtime/choose.js';
import { isInterpreter, type Probed } from '../../src/runtime/facts.js';
import { probe, probeAll } from '../../src/runtime/probe.js';
import { isAtLeast } from '../../src/runtime/versions.js';

const { env } = process;
let folder: string;
let probed: readonly Probed[];

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-probe-'));
  probed = await probeAll(listCandidates({ env, cwd: folder }), { env });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const program = (name: string, text: string): string => {
  const file = join(folder, name);
  writeFileSync(file, `#!/bin/sh\n${text}\n`, { mode: 0o755 });
  return file;
};

const faultOf = async (executable: string): Promise<string | undefined> => {
  const result = await probe({ executable, origin: 'PATH' }, { env });
  return isInterpreter(result) ? undefined : result.fault;
};

describe('probe', () => {
  it('finds a usable Python on this machine and its package folders', () => {
    const usable = probed.filter(isInterpreter).filter((one) => unusable(one) === null);
    expect(usable.length).toBeGreaterThan(0);
    for (const { facts } of usable) {
      expect(facts.version).toMatch(/^3\.\d+\.\d+$/);
      expect(facts.siteDirectories.length).toBeGreaterThan(0);
    }
  });

  it('reports an old Python by its version', (context) => {
    const old = probed.filter(isInterpreter).filter(({ facts }) => !isAtLeast(facts.version, '3.10'));
    if (old.length === 0) context.skip('no Python older than 3.10 is installed here');
    for (const one of old) expect(unusable(one)).toBe(`Python ${one.facts.version} is older than 3.10`);
  });

  it('says why a candidate cannot be asked', async () => {
    expect(await faultOf(join(folder, 'missing'))).toBe('it does not exist');
    expect(await faultOf(program('talker', 'echo hello'))).toBe('it prints no facts');
    expect(await faultOf(program('failing', 'echo "no licence" >&2; exit 3'))).toBe('no licence');
    expect(await faultOf(program('silent', 'exit 3'))).toBe('exit code 3');
    expect(await faultOf(program('two', 'echo "Unknown option: -I" >&2; exit 2'))).toBe('it is Python 2');
  });
});
