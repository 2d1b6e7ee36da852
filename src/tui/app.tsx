import { Box, useInput } from 'ink';
import { useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { Body } from './body.js';
import { extentOf } from './extent.js';
import { Footer } from './footer.js';
import { HeaderView } from './header-view.js';
import { HelpView } from './help-view.js';
import { actionOf, type KeyContext, keyName } from './keys.js';
import { bodyHeight, focusOf, sizeClass } from './layout.js';
import { LogView } from './log-view.js';
import type { Screen } from './screen.js';
import { hasEnded } from './state.js';
import type { Store } from './store.js';
import type { Theme } from './theme.js';
import { TinyView } from './tiny-view.js';
import { initialUi, offsetIn, reduceUi } from './ui.js';

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

  const stopping = ui.interrupts > 0 || state.cancelling !== null;
  const extent = extentOf(state, ui, size, now, theme);
  const context: KeyContext = {
    screen: hasEnded(state) ? 'ended' : stopping ? 'stopping' : 'running',
    overlay: hasEnded(state) && ui.overlay === 'confirm' ? 'none' : ui.overlay,
    scrollable: extent.rows > extent.height,
  };

  useInput(
    (input, key) => {
      const action = actionOf(keyName(input, key), context);
      if (action === null) return;
      const next = reduceUi(ui, action, extent);
      setUi(next);
      if (next.interrupts > ui.interrupts) onInterrupt(next.interrupts);
      if (action === 'leave') onLeave();
      if (action === 'repaint') screen.repaint();
    },
    { isActive: interactive },
  );

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
