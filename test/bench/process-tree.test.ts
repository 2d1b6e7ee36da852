import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { afterEach, expect, test } from 'vitest';
import { anonymousMemory, treeOf } from '../../scripts/bench/process-tree.mjs';

const children: ChildProcess[] = [];
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
});

const noProc = !existsSync('/proc/self/status');
const grandchild = "const held = Buffer.alloc(64e6, 1); console.log('ready'); setInterval(() => held.length, 1e6);";

/** A process whose child holds 64 MB. */
const startTree = async (): Promise<number> => {
  const script = `const child = require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(grandchild)}], { stdio: 'inherit' });
process.on('exit', () => child.kill('SIGKILL')); process.on('SIGTERM', () => process.exit());`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child.pid ?? 0;
};

test.skipIf(noProc)('the memory of a process tree is that of all its processes', async () => {
  const pid = await startTree();
  const tree = treeOf(pid);
  expect(tree).toHaveLength(2);
  const [parent = 0, child = 0] = tree.map((each) => anonymousMemory([each]));
  expect(child).toBeGreaterThan(64e6);
  expect(parent).toBeGreaterThan(0);
  expect(anonymousMemory(tree)).toBeGreaterThan(child);
  for (const each of tree.toReversed()) process.kill(each, 'SIGKILL');
});

test('a process that is gone holds nothing', () => {
  expect(treeOf(2 ** 30)).toEqual([2 ** 30]);
  expect(anonymousMemory([2 ** 30])).toBe(0);
});
