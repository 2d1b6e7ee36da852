import { EventEmitter } from 'node:events';

export type Size = { readonly columns: number; readonly rows: number };

export type TerminalOutput = {
  readonly columns?: number;
  readonly rows?: number;
  readonly write: (text: string) => unknown;
  readonly on: (event: 'resize', listener: () => void) => unknown;
  readonly off: (event: 'resize', listener: () => void) => unknown;
};

const beginSynchronized = '\u001b[?2026h';
const endSynchronized = '\u001b[?2026l';
const eraseBelow = '\u001b[J';
const eraseLine = '\u001b[K';
const at = (line: number) => `\u001b[${line + 1};1H`;

const sizeOf = ({ columns, rows }: TerminalOutput): Size => ({ columns: columns || 80, rows: rows || 24 });

/**
 * Draws whole frames on a full screen, changed lines only and each at its own place. Ink's own writer moves relative to the
 * cursor and clears the scrollback whenever a frame is as high as the terminal, which any resize can make it.
 */
export const createScreen = (terminal: TerminalOutput) => {
  const events = new EventEmitter().setMaxListeners(0);
  let size = sizeOf(terminal);
  let frame = '';
  let shown: readonly string[] | null = null;
  let closed = false;
  let settling = false;

  const draw = () => {
    if (closed || settling) return;
    // The last line stays free: a frame as high as the terminal could scroll it.
    const lines = frame.split('\n').slice(0, Math.max(1, size.rows - 1));
    const known = shown;
    const changed = lines.flatMap((line, index) =>
      known?.[index] === line ? [] : [`${at(index)}${eraseLine}${line}`],
    );
    const rest = known === null || known.length > lines.length ? `${at(lines.length)}${eraseBelow}` : '';
    shown = lines;
    if (changed.length > 0 || rest !== '')
      terminal.write(`${beginSynchronized}${changed.join('')}${rest}${endSynchronized}`);
  };

  const repaint = () => {
    shown = null;
    draw();
  };

  const resized = () => {
    size = sizeOf(terminal);
    shown = null;
    // Frames of the old size come first; the one to draw is there once React has had its turn.
    settling = true;
    events.emit('resize');
    setImmediate(() => {
      settling = false;
      draw();
    });
  };
  terminal.on('resize', resized);

  /** What Ink takes for its stdout; in debug mode it writes nothing but whole frames. */
  const output = Object.assign(events, {
    isTTY: false,
    write: (text: string) => {
      frame = text;
      draw();
      return true;
    },
  });
  Object.defineProperties(output, {
    columns: { get: () => size.columns },
    rows: { get: () => size.rows },
  });

  return {
    output: output as unknown as NodeJS.WriteStream,
    size: () => size,
    subscribe: (listener: () => void) => {
      events.on('resize', listener);
      return () => void events.off('resize', listener);
    },
    repaint,
    close: () => {
      closed = true;
      terminal.off('resize', resized);
    },
  };
};

export type Screen = ReturnType<typeof createScreen>;
