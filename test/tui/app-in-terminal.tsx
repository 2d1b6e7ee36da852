import { createElement } from 'react';
import type { RunEvent } from '../../src/events.js';
import { createStyle } from '../../src/report/style.js';
import { App } from '../../src/tui/app.js';
import { showFullScreen } from '../../src/tui/full-screen.js';
import { createStore, type Timer } from '../../src/tui/store.js';
import { createTheme } from '../../src/tui/theme.js';
import { streamsOf, until, VirtualKeyboard, VirtualTerminal } from './virtual-terminal.js';

type Options = {
  readonly columns: number;
  readonly rows: number;
  readonly unicode?: boolean;
  readonly colour?: boolean;
};

/** The dashboard in a virtual terminal whose time the test moves: nothing is drawn before `show` asks for it. */
export const appInTerminal = ({ columns, rows, unicode = true, colour = false }: Options) => {
  const terminal = new VirtualTerminal(columns, rows);
  const keyboard = new VirtualKeyboard();
  const interrupts: number[] = [];
  let time = 0;
  const timer: Timer = { now: () => time, after: () => () => {} };
  const store = createStore('a run', timer);
  const theme = createTheme(createStyle({ colour, unicode }));
  const { closed, mounted } = showFullScreen(streamsOf(terminal, keyboard), ({ screen, interactive, close, release }) =>
    createElement(App, {
      store,
      screen,
      theme,
      interactive,
      onInterrupt: (count: number) => interrupts.push(count),
      onLeave: close,
      onUnmount: release,
    }),
  );
  const settle = async () => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  };
  const show = async (...events: readonly RunEvent[]): Promise<string> => {
    for (const event of events) {
      time = Math.max(time, event.ts);
      store.send(event);
    }
    store.flush();
    await settle();
    return terminal.text();
  };
  const press = async (data: string): Promise<string> => {
    await until(() => keyboard.listenerCount('readable') > 0, 'the keyboard is listened to');
    keyboard.press(data);
    await settle();
    return terminal.text();
  };
  const at = (milliseconds: number) => {
    time = milliseconds;
  };
  return { terminal, keyboard, interrupts, show, press, at, closed, close: mounted.close, settle };
};
