import type { RunEvent } from '../events.js';
import { type Style, styleFor } from '../report/style.js';
import { App } from './app.js';
import { captureConsole } from './console.js';
import { type Streams, showFullScreen } from './full-screen.js';
import { hasEnded } from './state.js';
import { createStore, systemTimer } from './store.js';
import { createTheme } from './theme.js';

export type DashboardOptions = Streams & {
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
export const openDashboard = ({ title, onCancel, style, now, ...streams }: DashboardOptions): Dashboard => {
  const theme = createTheme(style ?? styleFor(streams.stdout, process.env));
  const store = createStore(title, { ...systemTimer, ...(now === undefined ? {} : { now }) });
  const restoreConsole = captureConsole((level, message) => {
    store.send({ type: 'log', v: 1, ts: now?.() ?? Date.now(), level, message });
  });
  const { mounted, closed } = showFullScreen(streams, ({ screen, interactive, close, release }) => (
    <App
      store={store}
      screen={screen}
      theme={theme}
      interactive={interactive}
      onInterrupt={onCancel}
      onLeave={close}
      onUnmount={release}
    />
  ));
  const reader = (event: RunEvent) => {
    store.send(event);
    // Nobody could press the key that leaves.
    if (!mounted.interactive && hasEnded(store.state())) mounted.close();
  };
  return { reader, closed: closed.finally(restoreConsole), close: mounted.close };
};
