import { readdirSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

const home = (env: NodeJS.ProcessEnv): string => env.HOME || homedir();

const folders = (directory: string): readonly string[] => {
  try {
    return readdirSync(directory)
      .sort()
      .map((name) => join(directory, name));
  } catch {
    return [];
  }
};

const lines = (file: string): readonly string[] => {
  try {
    return readFileSync(file, 'utf8')
      .split('\n')
      .map((line) => line.trim())
      .filter((line) => line !== '');
  } catch {
    return [];
  }
};

const pyenvRoot = (env: NodeJS.ProcessEnv): string => env.PYENV_ROOT || join(home(env), '.pyenv');

export const pyenvPrefixes = (env: NodeJS.ProcessEnv): readonly string[] => folders(join(pyenvRoot(env), 'versions'));

/** The version that pyenv's shims start, unless a folder of the user's selects another. */
export const selectedPyenvPrefix = (env: NodeJS.ProcessEnv): string | undefined => {
  const version = env.PYENV_VERSION?.split(':')[0] || lines(join(pyenvRoot(env), 'version'))[0];
  return version && version !== 'system' ? join(pyenvRoot(env), 'versions', version) : undefined;
};

const condaRootNames = ['miniconda3', 'miniforge3', 'mambaforge', 'micromamba', 'anaconda3', '.conda'];

/** The usual places of conda, their named environments, and the list that conda itself keeps. */
export const condaPrefixes = (env: NodeJS.ProcessEnv): readonly string[] => {
  const usual = condaRootNames.flatMap((name) => [join(home(env), name), join('/opt', name)]);
  const roots = [...(env.MAMBA_ROOT_PREFIX ? [env.MAMBA_ROOT_PREFIX] : []), '/opt/conda', ...usual];
  const named = roots.flatMap((root) => [root, ...folders(join(root, 'envs'))]);
  return [...lines(join(home(env), '.conda', 'environments.txt')), ...named];
};

export const uvPrefixes = (env: NodeJS.ProcessEnv): readonly string[] => {
  const data = env.XDG_DATA_HOME || join(home(env), '.local', 'share');
  return folders(env.UV_PYTHON_INSTALL_DIR || join(data, 'uv', 'python'));
};

const kernelPython = (file: string): readonly string[] => {
  try {
    const { argv } = JSON.parse(readFileSync(file, 'utf8')) as { argv?: unknown };
    const first: unknown = Array.isArray(argv) ? argv[0] : undefined;
    return typeof first === 'string' && /python[\d.]*(\.exe)?$/.test(first) ? [first] : [];
  } catch {
    return [];
  }
};

/** Interpreters of the notebook kernels that the user registered: often the environment with torch. */
export const jupyterPythons = (env: NodeJS.ProcessEnv): readonly string[] => {
  const data = env.JUPYTER_DATA_DIR || join(env.XDG_DATA_HOME || join(home(env), '.local', 'share'), 'jupyter');
  return folders(join(data, 'kernels')).flatMap((kernel) => kernelPython(join(kernel, 'kernel.json')));
};
