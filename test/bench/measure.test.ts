import { createServer, type Socket } from 'node:net';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { measure, Stopped } from '../../scripts/bench/measure.mjs';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const never = new AbortController().signal;

test('a program gives its output and how long it took', async () => {
  const { output, seconds } = await measure(process.execPath, ['-e', 'console.log(6 * 7)'], { stop: never });
  expect(output).toBe('42\n');
  expect(seconds).toBeGreaterThan(0);
});

test('a program that fails is quoted', async () => {
  const args = ['-e', 'console.error("no such luck"); process.exit(3)'];
  await expect(measure(process.execPath, args, { stop: never })).rejects.toThrow(/exit code 3: no such luck/);
  await expect(measure('no-such-program', [], { stop: never })).rejects.toThrow('no-such-program');
});

test('what is stopped leaves no process behind, not even one in a group of its own', async () => {
  const socket = join(folder, 'socket');
  const connect = `require('node:net').connect(${JSON.stringify(socket)}); setInterval(() => {}, 1e6);`;
  const spawnOther = `require('node:child_process').spawn(process.execPath, ['-e', ${JSON.stringify(connect)}], { detached: true, stdio: 'ignore' });`;
  const stop = new AbortController();
  const sockets: Socket[] = [];
  const ends: Promise<unknown>[] = [];
  const server = createServer((one) => {
    sockets.push(one.resume().on('error', () => {}));
    ends.push(new Promise((resolve) => one.once('close', resolve)));
    if (sockets.length === 2) stop.abort(new Stopped('SIGINT'));
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
  await expect(measure(process.execPath, ['-e', spawnOther + connect], { stop: stop.signal })).rejects.toThrow(
    'stopped by SIGINT',
  );
  expect(ends).toHaveLength(2);
  await Promise.all(ends);
  server.close();
});

test('what is stopped before it begins is not begun', async () => {
  const stop = AbortSignal.abort(new Stopped('SIGTERM'));
  await expect(measure('no-such-program', [], { stop })).rejects.toThrow('stopped by SIGTERM');
});
