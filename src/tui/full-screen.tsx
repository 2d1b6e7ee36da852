import { render } from 'ink';
import type { ReactNode } from 'react';
import { createScreen, type Screen } from './screen.js';
import { enterFullScreen } from './terminal.js';

export type Streams = { readonly stdout: NodeJS.WriteStream; readonly stdin: NodeJS.ReadStream };

export type Mounted = {
  readonly screen: Screen;
  /** Keys can be read. */
  readonly interactive: boolean;
  /** Gives the terminal back. */
  readonly close: () => void;
  /** To be called when the tree is taken down, which a signal can also do. */
  readonly release: () => void;
};

/** Shows a tree on the whole screen; the promise resolves when the terminal has been given back. */
export const showFullScreen = ({ stdout, stdin }: Streams, tree: (mounted: Mounted) => ReactNode) => {
  const leave = enterFullScreen({ stdout, stdin });
  const screen = createScreen(stdout);
  const release = () => {
    screen.close();
    leave();
  };
  const interactive = stdin.isTTY === true && typeof stdin.setRawMode === 'function';
  const mounted: Mounted = { screen, interactive, release, close: () => instance.unmount() };
  // Debug mode is Ink's plain one: each frame whole, to a screen that draws only what has changed.
  const options = { stdout: screen.output, stdin, debug: true, exitOnCtrlC: false, patchConsole: false };
  const instance = render(tree(mounted), options);
  return { mounted, closed: instance.waitUntilExit().then(release) };
};
