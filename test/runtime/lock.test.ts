import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { withLock } from '../../src/runtime/lock.js';

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'amalgam-lock-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const onWait = (): void => {};

describe('withLock', () => {
  it('lets one in at a time', async () => {
    const lock = join(folder, 'lock');
    const events: string[] = [];
    let waits = 0;
    const enter = (name: string) =>
      withLock(lock, {
        onWait: () => {
          waits += 1;
        },
        work: async () => {
          events.push(`${name} in`);
          await new Promise((resolve) => setImmediate(resolve));
          events.push(`${name} out`);
        },
      });
    await Promise.all([enter('a'), enter('b')]);
    const first = events[0]?.startsWith('a') ? ['a', 'b'] : ['b', 'a'];
    expect(events).toEqual(first.flatMap((name) => [`${name} in`, `${name} out`]));
    expect(waits).toBe(1);
    expect(existsSync(lock)).toBe(false);
  });

  it('takes over the lock of a process that died', async () => {
    const lock = join(folder, 'lock');
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    mkdirSync(lock);
    writeFileSync(join(lock, 'pid'), String(pid));
    expect(await withLock(lock, { onWait, work: async () => 'done' })).toBe('done');
  });

  it('gives the lock back when the work fails', async () => {
    const lock = join(folder, 'lock');
    const work = async () => {
      throw new Error('no luck');
    };
    await expect(withLock(lock, { onWait, work })).rejects.toThrow('no luck');
    expect(existsSync(lock)).toBe(false);
  });
});
