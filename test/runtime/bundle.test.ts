import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { external } from '../../scripts/setup/bundle.mjs';

const project = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

test('the licence of every package in the bundled program lies beside it', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(read('package.json'));
  const licences = read('dist/program/LICENSES.txt');
  for (const [name, version] of Object.entries(dependencies)) {
    expect(licences.includes(`${name} ${version} (`), name).toBe(!external.includes(name));
  }
  // Of packages that those need.
  expect(licences).toMatch(/^react-reconciler \S+ \(MIT\)$/m);
  expect(licences).toContain('THE SOFTWARE IS PROVIDED "AS IS"');
});
