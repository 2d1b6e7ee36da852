const enterAlternate = '\u001b[?1049h\u001b[H';
const leaveAlternate = '\u001b[?1049l';
const hideCursor = '\u001b[?25l';
const showCursor = '\u001b[?25h';
// Without automatic wrapping, a name whose width a terminal disagrees about cannot shift the lines below it.
const noWrap = '\u001b[?7l';
const wrap = '\u001b[?7h';

export type TerminalStreams = {
  readonly stdout: { readonly write: (text: string) => unknown };
  readonly stdin: { readonly isTTY?: boolean; readonly setRawMode?: (raw: boolean) => unknown };
};

/**
 * Takes the alternate screen and returns what gives the terminal back: cursor, wrapping, raw mode and the old screen with its
 * scrollback. That also happens when the process exits or an exception ends it, in time for its message to be seen.
 */
export const enterFullScreen = ({ stdout, stdin }: TerminalStreams): (() => void) => {
  let entered = true;
  const leave = () => {
    if (!entered) return;
    entered = false;
    process.off('exit', leave);
    process.off('uncaughtExceptionMonitor', leave);
    if (stdin.isTTY) stdin.setRawMode?.(false);
    stdout.write(`${wrap}${showCursor}${leaveAlternate}`);
  };
  process.once('exit', leave);
  process.once('uncaughtExceptionMonitor', leave);
  stdout.write(`${enterAlternate}${hideCursor}${noWrap}`);
  return leave;
};
