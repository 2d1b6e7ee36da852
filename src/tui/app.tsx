import { Box } from 'ink';
import { useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Body } from './body.js';
import { extentOf } from './extent.js';
import { Footer } from './footer.js';
import { HeaderView } from './header-view.js';
import { HelpView } from './help-view.js';
import { actionOf, type KeyContext } from './keys.js';
import { bodyHeight, focusOf, sizeClass } from './layout.js';
import { LogView } from './log-view.js';
import type { Screen } from './screen.js';
import { hasEnded } from './state.js';
import type { Store } from './store.js';
import type { Theme } from './theme.js';
import { TinyView } from './tiny-view.js';
import { type Extent, initialUi, offsetIn, reduceUi, type Ui } from './ui.js';
import { useKeys } from './use-keys.js';

export type AppProps = {
  readonly store: Store;
  readonly screen: Pick<Screen, 'size' | 'subscribe' | 'repaint'>;
  readonly theme: Theme;
  /** Keys can be read. */
  readonly interactive: boolean;
  /** The run is asked to stop for the `count`-th time. */
  readonly onInterrupt: (count: number) => void;
  readonly onLeave: () => void;
  /** The tree is taken down, for whatever reason. */
  readonly onUnmount: () => void;
};

/** The dashboard: header, body, footer; keys go through the one table of keys. */
export const App = ({ store, screen, theme, interactive, onInterrupt, onLeave, onUnmount }: AppProps) => {
  const { state, now } = useSyncExternalStore(store.subscribe, store.snapshot);
  const size = useSyncExternalStore(screen.subscribe, screen.size);
  const [ui, setUi] = useState(initialUi);
  useLayoutEffect(() => onUnmount, [onUnmount]);

  const latest = useRef(ui);

  const situation = (from: Ui): { readonly extent: Extent; readonly context: KeyContext } => {
    const extent = extentOf(state, from, size, now, theme);
    const ended = hasEnded(state);
    const stopping = from.interrupts > 0 || state.cancelling !== null;
    const screenName = ended ? 'ended' : stopping ? 'stopping' : 'running';
    const overlay = ended && from.overlay === 'confirm' ? 'none' : from.overlay;
    return { extent, context: { screen: screenName, overlay, scrollable: extent.rows > extent.height } };
  };
  const { extent, context } = situation(ui);

  useKeys((name) => {
    // Several keys can come before the next frame: each acts on what the one before has made.
    const before = latest.current;
    const here = situation(before);
    const action = actionOf(name, here.context);
    if (action === null) return;
    latest.current = reduceUi(before, action, here.extent);
    setUi(latest.current);
    if (latest.current.interrupts > before.interrupts) onInterrupt(latest.current.interrupts);
    if (action === 'leave') onLeave();
    if (action === 'repaint') screen.repaint();
  }, interactive);

  const offset = offsetIn(ui.offset, extent);
  const { columns: width } = size;
  const height = bodyHeight(size);
  const tiny = sizeClass(size) === 'tiny';
  const place = { width, height: tiny ? Math.max(1, size.rows - 2) : height, offset, theme };
  const body = () => {
    if (context.overlay === 'help') return <HelpView context={context} {...place} />;
    if (ui.log) return <LogView log={state.log} {...place} />;
    if (tiny) return <TinyView state={state} now={now} {...place} />;
    return <Body state={state} size={size} focus={focusOf(state)} offset={offset} theme={theme} />;
  };
  return (
    <Box flexDirection="column" width={width} height={Math.max(1, size.rows - 1)}>
      {!tiny && <HeaderView state={state} now={now} width={width} theme={theme} />}
      <Box flexGrow={1} flexShrink={1}>
        {body()}
      </Box>
      <Footer context={context} width={width} theme={theme} />
    </Box>
  );
};
