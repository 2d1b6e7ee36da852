import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listCandidates } from '../../src/runtime/candidates.js';
import { choose } from '../../src/runtime/choose.js';
import { type PreparedPython, preparePython } from '../../src/runtime/prepare.js';
import { probeAll } from '../../src/runtime/probe.js';
import { contentDigest, installFakeTorch, makeVirtualEnvironment, makeWheel } from './throw-away-environment.js';

let folder: string;
let python: string;
let wheels: string;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-overlay-'));
  const { AMALGAM_PYTHON: _named, ...env } = process.env;
  const choice = choose(await probeAll(listCandidates({ env, cwd: folder }), { env }));
  if (choice.kind === 'none') throw new Error(choice.reason);
  python = choice.base.executable;
  wheels = join(folder, 'wheels');
  mkdirSync(wheels);
  makeWheel(python, wheels, { name: 'small_need', version: '1.0', requires: ['torch>=2.4'] });
  // A newer torch lies ready: an overlay that lost sight of the user's would take it.
  makeWheel(python, wheels, { name: 'torch', version: '2.99.0' });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

type Existing = { readonly base: string; readonly home: string; readonly env: NodeJS.ProcessEnv };

/** The user's environment with torch, active, and a home for amalgam of its own. */
const existingEnvironment = (name: string, flags: readonly string[] = ['--without-pip']): Existing => {
  const base = join(folder, name);
  const home = join(folder, `${name}-home`);
  makeVirtualEnvironment(python, base, flags);
  installFakeTorch(base, '2.13.0+cpu');
  const { AMALGAM_PYTHON: _named, PIP_EXTRA_INDEX_URL: _index, ...rest } = process.env;
  const pip = { PIP_NO_INDEX: '1', PIP_FIND_LINKS: wheels, PIP_CONFIG_FILE: '/dev/null' };
  // Few interpreters to ask, and one among them with pip.
  const places = { HOME: folder, PATH: `${dirname(python)}:/usr/bin:/bin` };
  return { base, home, env: { ...rest, ...pip, ...places, VIRTUAL_ENV: base, AMALGAM_HOME: home } };
};

const prepare = ({ env }: Existing, requirements = 'torch==2.99.0\nsmall-need==1.0\n'): Promise<PreparedPython> =>
  preparePython({ env, cwd: folder, report: () => {}, requirements });

const importedFrom = ({ python: executable, environment }: PreparedPython, module: string): string =>
  execFileSync(executable, ['-c', `import ${module}; print(${module}.__file__)`], {
    env: environment,
    encoding: 'utf8',
  }).trim();

const filesBelow = (directory: string): string[] => readdirSync(directory, { recursive: true }) as string[];

describe('an overlay on an existing torch', () => {
  it.each([
    { title: 'with pip', name: 'with-pip', flags: [] },
    { title: 'without pip', name: 'without-pip', flags: ['--without-pip'] },
  ])('reuses the torch of an environment $title and leaves it as it is', async ({ name, flags }) => {
    const existing = existingEnvironment(name, flags);
    const before = contentDigest(existing.base);
    const prepared = await prepare(existing);

    expect(prepared).toMatchObject({ kind: 'overlay', created: true, remembered: false });
    expect(prepared.base).toBe(join(existing.base, 'bin/python3'));
    expect(prepared.reason).toContain(existing.base);
    expect(prepared.facts.packages.torch).toBe('2.13.0+cpu');
    expect(importedFrom(prepared, 'torch')).toContain(existing.base);
    expect(importedFrom(prepared, 'small_need')).toContain(prepared.directory);
    expect(filesBelow(prepared.directory).filter((file) => /torch/.test(file))).toEqual([]);
    expect(contentDigest(existing.base)).toBe(before);
  });

  it('installs nothing if nothing is missing', async () => {
    const existing = existingEnvironment('complete');
    const prepared = await prepare({ ...existing, env: { ...existing.env, PIP_FIND_LINKS: '' } }, 'torch==2.99.0\n');
    expect(importedFrom(prepared, 'torch')).toContain(existing.base);
  });

  it('is remembered, until the base changes', async () => {
    const existing = existingEnvironment('changing');
    const first = await prepare(existing);
    const again = await prepare(existing);
    expect(again).toMatchObject({ python: first.python, remembered: true, created: false });

    const site = join(existing.base, 'lib', readdirSync(join(existing.base, 'lib'))[0] ?? '', 'site-packages');
    rmSync(join(site, 'torch-2.13.0+cpu.dist-info'), { recursive: true });
    installFakeTorch(existing.base, '2.14.0+cpu');
    const upgraded = await prepare(existing);
    expect(upgraded).toMatchObject({ remembered: false, created: true });
    expect(upgraded.directory).not.toBe(first.directory);
    expect(upgraded.facts.packages.torch).toBe('2.14.0+cpu');
  });

  it('is made anew if an earlier run left it half-made', async () => {
    const existing = existingEnvironment('interrupted');
    const first = await prepare(existing);
    rmSync(join(first.directory, 'ready.json'));
    const junk = filesBelow(first.directory).find((file) => file.endsWith('small_need/__init__.py'));
    rmSync(join(first.directory, junk ?? ''));
    const second = await prepare(existing);
    expect(second).toMatchObject({ directory: first.directory, created: true });
    expect(importedFrom(second, 'small_need')).toContain(first.directory);
  });

  it('is made once by two runs at the same time', async () => {
    const existing = existingEnvironment('twice');
    const [left, right] = await Promise.all([prepare(existing), prepare(existing)]);
    expect(left.directory).toBe(right.directory);
    expect([left.created, right.created].sort()).toEqual([false, true]);
    expect(readdirSync(join(existing.home, 'environments')).filter((name) => name.endsWith('.lock'))).toEqual([]);
  });

  it('says what pip said if a package cannot be had, and leaves nothing that looks finished', async () => {
    const existing = existingEnvironment('missing');
    const before = contentDigest(existing.base);
    await expect(prepare(existing, 'torch==2.99.0\nno-such-need==3\n')).rejects.toMatchObject({
      name: 'UserError',
      code: 'pip-failed',
      message: expect.stringContaining('no-such-need'),
      hint: expect.stringContaining('AMALGAM_PYTHON'),
    });
    const made = readdirSync(join(existing.home, 'environments'));
    expect(made.some((name) => existsSync(join(existing.home, 'environments', name, 'ready.json')))).toBe(false);
    expect(contentDigest(existing.base)).toBe(before);
  });
});
