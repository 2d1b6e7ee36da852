import { printable } from '../format.js';

const tailLimit = 64 * 1024;
const lineLimit = 8 * 1024;

export type StderrTail = {
  readonly write: (chunk: Buffer) => void;
  /** Hands over a last line that has no line end. */
  readonly end: () => void;
  /** The newest 64 Ki characters, safe for a terminal. */
  readonly text: () => string;
};

/** Keeps the end of what a worker printed, and offers each line once to `onLine`. */
export const stderrTail = (onLine: (line: string) => void = () => {}): StderrTail => {
  const decoder = new TextDecoder();
  let kept = '';
  let partial = '';
  const flush = (line: string) => {
    if (line.trim() !== '') onLine(printable(line));
  };
  const take = (text: string) => {
    kept = (kept + text).slice(-tailLimit);
    // A carriage return ends a line too: progress bars rewrite theirs.
    const lines = (partial + text).split(/\r\n|\n|\r/);
    partial = lines.pop() ?? '';
    for (const line of lines) flush(line.slice(0, lineLimit));
    if (partial.length > lineLimit) {
      flush(partial.slice(0, lineLimit));
      partial = '';
    }
  };
  return {
    write: (chunk) => take(decoder.decode(chunk, { stream: true })),
    end: () => {
      take(decoder.decode());
      flush(partial);
      partial = '';
    },
    text: () => printable(kept.replaceAll('\r\n', '\n').replaceAll('\r', '\n')),
  };
};
