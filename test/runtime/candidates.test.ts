import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { listCandidates } from '../../src/runtime/candidates.js';

let home: string;

beforeEach(() => {
  home = realpathSync(mkdtempSync(join(tmpdir(), 'amalgam-candidates-')));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const write = (path: string, text = ''): string => {
  const file = join(home, path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text, { mode: 0o755 });
  return file;
};

/** A virtual environment as Python makes it: its interpreter is a link to the base's. */
const virtualEnvironment = (path: string, base: string): string => {
  write(join(path, 'pyvenv.cfg'));
  mkdirSync(join(home, path, 'bin'), { recursive: true });
  symlinkSync(base, join(home, path, 'bin/python3'));
  return join(home, path);
};

const list = (env: NodeJS.ProcessEnv = {}, cwd = home) =>
  listCandidates({ env: { HOME: home, PATH: '', ...env }, cwd }).filter(({ executable }) =>
    executable.startsWith(home),
  );

describe('listCandidates', () => {
  it('lists origins in the order of preference', () => {
    const system = write('usr/bin/python3');
    const active = virtualEnvironment('active', system);
    const conda = dirname(dirname(write('conda/bin/python3')));
    const project = virtualEnvironment('project/.venv', system);
    const pyenv = write('.pyenv/versions/3.12.1/bin/python3');
    const named = dirname(dirname(write('miniforge3/envs/torch/bin/python3')));
    const uv = write('.local/share/uv/python/cpython-3.12/bin/python3');
    const kernelPython = write('kernel/bin/python3');
    write('.local/share/jupyter/kernels/lab/kernel.json', JSON.stringify({ argv: [kernelPython, '-m', 'ipykernel'] }));
    const env = { VIRTUAL_ENV: active, CONDA_PREFIX: conda, PATH: dirname(system), AMALGAM_PYTHON: kernelPython };
    expect(list(env, join(home, 'project'))).toEqual([
      { executable: kernelPython, origin: 'AMALGAM_PYTHON' },
      { executable: join(active, 'bin/python3'), origin: 'active environment' },
      { executable: join(conda, 'bin/python3'), origin: 'conda' },
      { executable: join(project, 'bin/python3'), origin: 'project folder' },
      { executable: system, origin: 'PATH' },
      { executable: pyenv, origin: 'pyenv' },
      { executable: join(named, 'bin/python3'), origin: 'conda root' },
      { executable: uv, origin: 'uv' },
      { executable: kernelPython, origin: 'Jupyter kernel' },
    ]);
  });

  it('keeps two environments of one interpreter apart and lists an interpreter under several names once', () => {
    const real = write('usr/bin/python3.11');
    symlinkSync(real, join(home, 'usr/bin/python3'));
    symlinkSync(real, join(home, 'usr/bin/python'));
    symlinkSync(join(home, 'usr/bin'), join(home, 'bin'));
    const first = virtualEnvironment('first', real);
    const second = virtualEnvironment('second', real);
    const path = [join(home, 'usr/bin'), join(home, 'bin'), join(first, 'bin'), join(second, 'bin')].join(':');
    expect(list({ PATH: path, VIRTUAL_ENV: first }).map(({ executable }) => executable)).toEqual([
      join(first, 'bin/python3'),
      join(home, 'usr/bin/python3'),
      join(second, 'bin/python3'),
    ]);
  });

  it('lists the version that a shim would start, at the place of the shim', () => {
    const shim = write('.pyenv/shims/python3', '#!/bin/sh\n');
    const other = write('usr/bin/python3');
    const chosen = write('.pyenv/versions/3.11.7/bin/python3');
    write('.pyenv/version', '3.11.7\n');
    expect(list({ PATH: `${dirname(shim)}:${dirname(other)}` })).toEqual([
      { executable: chosen, origin: 'PATH' },
      { executable: other, origin: 'PATH' },
    ]);
    const env = { PATH: `${dirname(shim)}:${dirname(other)}`, PYENV_VERSION: 'system' };
    expect(list(env).map(({ executable }) => executable)).toEqual([other, chosen]);
  });

  it('finds the .venv of a folder above, but none above the home folder', () => {
    const system = write('usr/bin/python3');
    virtualEnvironment('.venv', system);
    const deep = join(home, 'a/b/c');
    mkdirSync(deep, { recursive: true });
    expect(list({}, deep)).toEqual([{ executable: join(home, '.venv/bin/python3'), origin: 'project folder' }]);
    expect(list({ HOME: join(home, 'a') }, deep)).toEqual([]);
  });

  it('takes AMALGAM_PYTHON as a file, a folder, a name on the PATH, a name in pyenv, or something that is missing', () => {
    const system = write('usr/bin/python3');
    const special = write('usr/bin/special');
    const inPyenv = write('.pyenv/versions/3.12.1/bin/python3.12');
    const environment = virtualEnvironment('env', system);
    const first = (value: string) =>
      listCandidates({ env: { HOME: home, PATH: dirname(system), AMALGAM_PYTHON: value }, cwd: home })[0];
    const named = (executable: string) => ({ executable, origin: 'AMALGAM_PYTHON' });
    expect(first(special)).toEqual(named(special));
    expect(first('./env')).toEqual(named(join(environment, 'bin/python3')));
    expect(first('special')).toEqual(named(special));
    expect(first('python3.12')).toEqual(named(inPyenv));
    expect(first('/no/such/python')).toEqual(named('/no/such/python'));
  });

  it('does not offer the environments that amalgam made', () => {
    const system = write('usr/bin/python3');
    const own = virtualEnvironment('.cache/amalgam/environments/overlay-1', system);
    expect(list({ VIRTUAL_ENV: own })).toEqual([]);
  });

  it('reads the list of environments that conda keeps', () => {
    const python = write('far/away/bin/python');
    write('.conda/environments.txt', `${join(home, 'far/away')}\n\n/no/such/folder\n`);
    expect(list()).toEqual([{ executable: python, origin: 'conda root' }]);
  });
});
