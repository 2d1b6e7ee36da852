import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** Interpreter that the tests run Python in. */
export const testPython = process.env.AMALGAM_TEST_PYTHON ?? 'python3';

const imports = (module: string): boolean =>
  spawnSync(testPython, ['-c', `import sys, importlib.util as u; sys.exit(u.find_spec('${module}') is None)`])
    .status === 0;

/** Why tests with Python are skipped, or undefined. */
export const noPython: string | undefined = imports('sys') ? undefined : `${testPython} does not run`;

/** Why tests with the real worker are skipped, or undefined. */
export const noTorch: string | undefined = noPython ?? (imports('torch') ? undefined : `${testPython} has no torch`);

/** What makes the interpreter run a scripted worker. */
export const scripted = (name: string, ...given: string[]): readonly string[] => [
  fileURLToPath(new URL(`../fixtures/workers/${name}.py`, import.meta.url)),
  ...given,
];

/** A title that tells why its tests are skipped, where they are. */
export const titled = (title: string, missing: string | undefined): string =>
  missing === undefined ? title : `${title} (skipped: ${missing})`;
