import { describe, expect, test } from 'vitest';
import { enterFullScreen } from '../../src/tui/terminal.js';
import { VirtualKeyboard, VirtualTerminal } from './virtual-terminal.js';

const enter = () => {
  const stdout = new VirtualTerminal(80, 24);
  const stdin = new VirtualKeyboard();
  const exits = process.listeners('exit');
  const exceptions = process.listeners('uncaughtExceptionMonitor');
  const leave = enterFullScreen({ stdout, stdin });
  stdin.setRawMode(true);
  const added = [
    ...process.listeners('exit').filter((listener) => !exits.includes(listener)),
    ...process.listeners('uncaughtExceptionMonitor').filter((listener) => !exceptions.includes(listener)),
  ] as (() => void)[];
  return { stdout, stdin, leave, added };
};

describe('the full screen', () => {
  test('is another screen without cursor and wrapping', () => {
    const { stdout, leave } = enter();
    expect(stdout).toMatchObject({ alternate: true, cursor: false, wrap: false });
    leave();
  });

  test.each([
    ['leaving', -1],
    ['the exit of the process', 0],
    ['an exception that nobody catches', 1],
  ])('is given back by %s, once', (_, which) => {
    const { stdout, stdin, leave, added } = enter();
    expect(added).toHaveLength(2);
    (added[which] ?? leave)();
    expect(stdout).toMatchObject({ alternate: false, cursor: true, wrap: true });
    expect(stdin.raw).toBe(false);
    const { raw } = stdout;
    leave();
    for (const listener of added) listener();
    expect(stdout.raw).toBe(raw);
    expect(process.listeners('exit')).not.toContain(added[0]);
    expect(process.listeners('uncaughtExceptionMonitor')).not.toContain(added[1]);
  });
});
