import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const project = fileURLToPath(new URL('../..', import.meta.url));
const read = (path: string): string => readFileSync(join(project, path), 'utf8');

/** These stay in their own folders. */
const apart = ['pythonia', '@huggingface/hub'];

test('the licence of every package in the bundled program lies beside it', () => {
  const { dependencies }: { dependencies: Record<string, string> } = JSON.parse(read('package.json'));
  const licences = read('dist/program/LICENSES.txt');
  for (const [name, version] of Object.entries(dependencies)) {
    expect(licences.includes(`${name} ${version} (`), name).toBe(!apart.includes(name));
  }
  // Of packages that those need.
  expect(licences).toMatch(/^react-reconciler \S+ \(MIT\)$/m);
  expect(licences).toContain('THE SOFTWARE IS PROVIDED "AS IS"');
});
