import { describe, expect, test } from 'vitest';
import { openDashboard } from '../../src/tui/open-dashboard.js';
import { appInTerminal } from './app-in-terminal.js';
import { failed, finished, recorded, started } from './events.js';
import { streamsOf, until, VirtualKeyboard, VirtualTerminal } from './virtual-terminal.js';

const ctrlC = '\u0003';
const running = recorded.slice(0, 60);

describe('stopping a run', () => {
  test('ctrl-c asks at once, a second one insists', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...running);
    const text = await app.press(ctrlC);
    expect(app.interrupts).toEqual([1]);
    expect(text).toContain('stopping');
    await app.press(ctrlC);
    expect(app.interrupts).toEqual([1, 2]);
    app.close();
  });

  test('keys that come all at once are all heard', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...running);
    await app.press('qn?qqy');
    expect(app.interrupts).toEqual([1]);
    await app.press(`${ctrlC}${ctrlC}`);
    expect(app.interrupts).toEqual([1, 2, 3]);
    app.close();
  });

  test('q asks for a confirmation; n goes on, y stops', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...running);
    expect(await app.press('q')).toContain('Stop this run?');
    expect(await app.press('n')).not.toContain('Stop this run?');
    expect(app.interrupts).toEqual([]);
    await app.press('q');
    await app.press('y');
    expect(app.interrupts).toEqual([1]);
    app.close();
  });

  test('a question is moot once the run has ended', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...running);
    await app.press('q');
    expect(await app.show(finished(9_999_999_999_999))).not.toContain('Stop this run?');
    await app.press('q');
    await app.closed;
  });
});

describe('the end of a run', () => {
  test.each([
    ['q', 'q'],
    ['enter', '\r'],
    ['esc', '\u001b'],
    ['ctrl-c', ctrlC],
  ])('stays on the screen until %s', async (_, key) => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...recorded);
    expect(app.terminal.alternate).toBe(true);
    await app.press('x');
    expect(app.terminal.alternate).toBe(true);
    await app.press(key);
    await app.closed;
    expect(app.terminal).toMatchObject({ alternate: false, cursor: true, wrap: true });
    expect(app.keyboard.raw).toBe(false);
    expect(app.interrupts).toEqual([]);
  });

  test('a failure says what happened and what to do', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    const text = await app.show(started, failed(10));
    expect(text).toContain('error[worker-died]: the worker was killed');
    expect(text).toContain('help: run it again');
    expect(text).toContain('✘ failed');
    app.close();
  });
});

describe('looking around', () => {
  test('? shows the keys, esc hides them', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(...running);
    expect(await app.press('?')).toContain('draw the screen anew');
    await app.press('\u001b');
    await until(() => !app.terminal.text().includes('draw the screen anew'), 'the list is closed');
    app.close();
  });

  test('l shows the log on the whole screen and j, k, g, G move in it', async () => {
    const app = appInTerminal({ columns: 80, rows: 15 });
    const lines = Array.from({ length: 40 }, (_, index) => ({
      type: 'log' as const,
      v: 1 as const,
      ts: index,
      level: 'info' as const,
      message: `line ${index}.`,
    }));
    await app.show(started, ...lines);
    expect(await app.press('l')).toContain('line 39.');
    expect(await app.press('g')).toContain('line 0.');
    expect(await app.press('j')).not.toContain('line 0.');
    expect(await app.press('k')).toContain('line 0.');
    expect(await app.press('G')).toContain('line 39.');
    app.close();
  });

  test('ctrl-l draws what someone else has drawn over', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    const text = await app.show(...running);
    app.terminal.write('\u001b[5;1Hwarning: printed by someone');
    expect(app.terminal.text()).not.toBe(text);
    expect(await app.press('\u000c')).toBe(text);
    app.close();
  });
});

describe('the open dashboard', () => {
  test('takes events, keeps what is printed off the screen, and gives everything back', async () => {
    const terminal = new VirtualTerminal(80, 24);
    const keyboard = new VirtualKeyboard();
    const { log } = console;
    const listeners = process.listenerCount('exit');
    const dashboard = openDashboard({
      ...streamsOf(terminal, keyboard),
      title: 'soon',
      onCancel: () => {},
      now: () => 5,
    });
    expect(terminal.alternate).toBe(true);
    console.log('printed by %s', 'a library');
    for (const event of [started, finished(1000)]) dashboard.reader(event);
    await until(() => keyboard.listenerCount('readable') > 0, 'the keyboard is listened to');
    dashboard.close();
    await dashboard.closed;
    expect(console.log).toBe(log);
    expect(terminal).toMatchObject({ alternate: false, cursor: true, wrap: true });
    expect(keyboard.raw).toBe(false);
    expect(process.listenerCount('exit')).toBe(listeners);
    expect(terminal.listenerCount('resize')).toBe(0);
  });

  test('without a keyboard it leaves by itself when the run has ended', async () => {
    const terminal = new VirtualTerminal(80, 24);
    const dashboard = openDashboard({
      ...streamsOf(terminal, new VirtualKeyboard(false)),
      title: 'soon',
      onCancel: () => {},
    });
    for (const event of [started, failed(1)]) dashboard.reader(event);
    await dashboard.closed;
    expect(terminal.alternate).toBe(false);
  });
});
