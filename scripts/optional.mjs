import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { showStep } from './setup/checkout.mjs';
import { runChild } from './setup/child.mjs';
import { prepareEnvironment } from './setup/python.mjs';
import { pytestCounts } from './testing/counts.mjs';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const tests = ['test_data_sets.py', 'test_harness.py'].map((name) => join(root, 'test/py/evaluation', name));

/** An overlay on the environment of `npm test` with the packages that amalgam imports only when asked for. */
const prepareOptional = async () => {
  const tools = await prepareEnvironment({ root, dev: true });
  const { ensureEnvironment } = await import('../dist/runtime/environment.js');
  const { parseRequirements } = await import('../dist/runtime/requirements.js');
  const { interpreter } = await ensureEnvironment('overlay', {
    base: { executable: tools.python, origin: 'active environment', facts: tools.facts },
    requirements: parseRequirements(readFileSync(join(root, 'test/optional/requirements.txt'), 'utf8')),
    probed: [],
    env: process.env,
    report: (step) => showStep('optional', step),
  });
  return { python: interpreter.executable, environment: tools.environment };
};

const runTests = async () => {
  const { python, environment } = await prepareOptional();
  const reports = mkdtempSync(join(tmpdir(), 'amalgam-optional-'));
  try {
    const file = join(reports, 'pytest.xml');
    const args = ['-m', 'pytest', '-q', '-rs', '-p', 'no:cacheprovider', `--junitxml=${file}`, ...tests];
    const { code } = await runChild(python, args, { cwd: join(root, 'py'), env: environment, output: 'inherit' });
    const { passed, failed, skipped } = pytestCounts(file, code);
    process.stdout.write(`${passed} passed, ${failed} failed, ${skipped} skipped\n`);
    return failed === 0 ? 0 : 1;
  } finally {
    rmSync(reports, { recursive: true, force: true });
  }
};

process.exitCode = await runTests();
