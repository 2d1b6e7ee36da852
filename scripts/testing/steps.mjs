import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { runChild } from '../setup/child.mjs';
import { none, pytestCounts, vitestCounts } from './counts.mjs';

export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
export const groups = ['lint', 'vitest', 'pytest'];

const inModules = (path) => join(root, 'node_modules', path);

/** A checker is one test; what it says is shown only if it has something to complain about. */
const checker = (name, command) => ({
  name,
  group: 'lint',
  run: async (context) => {
    const { executable, args, cwd, env } = command(context);
    const { code, text, error } = await runChild(executable, args, { cwd, env });
    if (code !== 0) process.stdout.write(`${text}${error?.message ?? ''}\n`);
    return { ...none, [code === 0 ? 'passed' : 'failed']: 1 };
  },
});

const nodeChecker = (name, script, args) =>
  checker(name, () => ({ executable: process.execPath, args: [script, ...args], cwd: root, env: process.env }));

/** The tools' settings are in py/pyproject.toml, so they run in that folder. */
const pythonChecker = (name, args) => ({
  ...checker(name, ({ python }) => ({
    executable: python.python,
    args: ['-m', ...args],
    cwd: join(root, 'py'),
    env: python.environment,
  })),
  needsPython: true,
});

const vitest = {
  name: 'vitest',
  group: 'vitest',
  run: async ({ python, reports }) => {
    const file = join(reports, 'vitest.json');
    const flags = ['run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
    const env = python ? { ...process.env, AMALGAM_TEST_PYTHON: python.python } : process.env;
    const options = { cwd: root, env, output: 'inherit' };
    const { code } = await runChild(process.execPath, [inModules('vitest/vitest.mjs'), ...flags], options);
    return vitestCounts(file, code);
  },
};

const pytest = {
  name: 'pytest',
  group: 'pytest',
  needsPython: true,
  run: async ({ python, reports }) => {
    const file = join(reports, 'pytest.xml');
    const flags = ['-q', '-rs', '-p', 'no:cacheprovider', `--junitxml=${file}`];
    const options = { cwd: join(root, 'py'), env: python.environment, output: 'inherit' };
    const { code } = await runChild(python.python, ['-m', 'pytest', ...flags], options);
    return pytestCounts(file, code);
  },
};

export const steps = [
  nodeChecker('biome', inModules('@biomejs/biome/bin/biome'), ['check', '.']),
  nodeChecker('tsc', inModules('typescript/bin/tsc'), ['-p', 'test/tsconfig.json']),
  nodeChecker('protocol', join(root, 'dist/protocol/generate.js'), ['--check']),
  pythonChecker('ruff', ['ruff', 'check', '.', '../test', '../zoo']),
  pythonChecker('mypy', ['mypy', 'amalgam_worker']),
  vitest,
  pytest,
];
