import { render } from 'ink';
import type { RunEvent } from '../events.js';
import { type Style, styleFor } from '../report/style.js';
import { App } from './app.js';
import { captureConsole } from './console.js';
import { createScreen } from './screen.js';
import { hasEnded } from './state.js';
import { createStore, systemTimer } from './store.js';
import { enterFullScreen } from './terminal.js';
import { createTheme } from './theme.js';

export type DashboardOptions = {
  readonly stdout: NodeJS.WriteStream;
  readonly stdin: NodeJS.ReadStream;
  /** Shown until the run says its own. */
  readonly title: string;
  /** The user wants the run to stop: 1 asks, 2 and more insist. */
  readonly onCancel: (count: number) => void;
  readonly style?: Style;
  /** Time of the events; a replay has its own. */
  readonly now?: () => number;
};

export type Dashboard = {
  /** Takes the run's events. */
  readonly reader: (event: RunEvent) => void;
  /** Resolves when the terminal has been given back: after a key, once the run has ended. */
  readonly closed: Promise<void>;
  /** Gives the terminal back at once. */
  readonly close: () => void;
};

/**
 * Shows a run on the whole screen. The caller sees to signals (in raw mode ctrl-c is a key and not a signal); whatever ends the
 * process by `process.exit` or an exception restores the terminal.
 */
export const openDashboard = ({ stdout, stdin, title, onCancel, style, now }: DashboardOptions): Dashboard => {
  const theme = createTheme(style ?? styleFor(stdout, process.env));
  const store = createStore(title, { ...systemTimer, ...(now === undefined ? {} : { now }) });
  const leaveFullScreen = enterFullScreen({ stdout, stdin });
  const screen = createScreen(stdout);
  const restoreConsole = captureConsole((level, message) => {
    store.send({ type: 'log', v: 1, ts: store.snapshot().now, level, message });
  });
  const interactive = stdin.isTTY === true && typeof stdin.setRawMode === 'function';

  let unmount = () => {};
  const release = () => {
    screen.close();
    restoreConsole();
    leaveFullScreen();
  };
  const instance = render(
    <App
      store={store}
      screen={screen}
      theme={theme}
      interactive={interactive}
      onInterrupt={onCancel}
      onLeave={() => unmount()}
      onUnmount={release}
    />,
    // Debug mode is Ink's plain one: each frame whole, to a screen that draws what has changed.
    { stdout: screen.output, stdin, debug: true, exitOnCtrlC: false, patchConsole: false },
  );
  unmount = () => instance.unmount();

  const reader = (event: RunEvent) => {
    store.send(event);
    if (!interactive && hasEnded(store.state())) unmount();
  };
  const closed = instance.waitUntilExit().then(release);
  return { reader, closed, close: () => unmount() };
};
