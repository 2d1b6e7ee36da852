import { EventEmitter } from 'node:events';
import stringWidth from 'string-width';

const segmenter = new Intl.Segmenter();

/**
 * A terminal's output as far as the dashboard uses it: a grid of cells, the few control sequences that are allowed, and an error
 * for any other one. `wrapped` counts what went past the right edge.
 */
export class VirtualTerminal extends EventEmitter {
  readonly isTTY = true;
  cells: string[][];
  raw = '';
  row = 0;
  column = 0;
  wrapped = 0;
  alternate = false;
  cursor = true;
  wrap = true;

  columns: number;
  rows: number;

  constructor(columns: number, rows: number) {
    super();
    this.columns = columns;
    this.rows = rows;
    this.setMaxListeners(0);
    this.cells = this.blank();
  }

  private blank(): string[][] {
    return Array.from({ length: this.rows }, () => new Array<string>(this.columns).fill(' '));
  }

  write = (text: string, callback?: () => void): boolean => {
    this.raw += text;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: escape sequences are what is parsed
    for (const part of text.split(/(\u001b\[[?\d;]*[A-Za-z]|\n)/)) {
      if (part.startsWith('\u001b[')) this.control(part.slice(2));
      else if (part === '\n') this.row = Math.min(this.rows - 1, this.row + 1);
      else this.print(part);
    }
    callback?.();
    return true;
  };

  private control(sequence: string): void {
    const numbers = sequence.slice(0, -1).split(';').map(Number);
    if (/^[\d;]*m$/.test(sequence) || sequence.startsWith('?2026')) return;
    if (sequence.endsWith('H')) {
      this.row = Math.min(this.rows, numbers[0] || 1) - 1;
      this.column = (numbers[1] || 1) - 1;
    } else if (sequence === 'K') this.cells[this.row]?.fill(' ', this.column);
    else if (sequence === 'J') {
      this.cells[this.row]?.fill(' ', this.column);
      for (const line of this.cells.slice(this.row + 1)) line.fill(' ');
    } else if (/^\?1049[hl]$/.test(sequence)) this.alternate = sequence.endsWith('h');
    else if (/^\?25[hl]$/.test(sequence)) this.cursor = sequence.endsWith('h');
    else if (/^\?7[hl]$/.test(sequence)) this.wrap = sequence.endsWith('h');
    else throw new Error(`control sequence not expected: ${JSON.stringify(sequence)}`);
  }

  private print(text: string): void {
    for (const { segment } of segmenter.segment(text)) {
      if (/\p{Cc}/u.test(segment)) throw new Error(`control character not expected: ${JSON.stringify(segment)}`);
      const width = stringWidth(segment);
      if (this.column + width > this.columns) this.wrapped += 1;
      const line = this.cells[this.row];
      if (line !== undefined && this.column < this.columns) {
        line[this.column] = segment;
        if (width === 2) line[this.column + 1] = '';
      }
      this.column += width;
    }
  }

  /** As terminals do, what was on the screen stays where it was. */
  resize(columns: number, rows: number): void {
    const before = this.cells;
    this.columns = columns;
    this.rows = rows;
    this.cells = this.blank().map((line, row) => line.map((_, column) => before[row]?.[column] ?? ' '));
    this.emit('resize');
  }

  lines(): string[] {
    return this.cells.map((line) => line.join('').trimEnd());
  }

  text(): string {
    return this.lines().join('\n');
  }
}

/** A keyboard; `raw` is the terminal's mode. */
export class VirtualKeyboard extends EventEmitter {
  raw = false;
  readonly isTTY: boolean;
  private data: string | null = null;

  constructor(isTTY = true) {
    super();
    this.isTTY = isTTY;
    this.setMaxListeners(0);
  }

  press(data: string): void {
    this.data = data;
    this.emit('readable');
  }

  read = (): string | null => {
    const { data } = this;
    this.data = null;
    return data;
  };

  setRawMode(raw: boolean): void {
    this.raw = raw;
  }

  setEncoding(): void {}
  ref(): void {}
  unref(): void {}
  resume(): void {}
  pause(): void {}
}

export const streamsOf = (terminal: VirtualTerminal, keyboard: VirtualKeyboard) => ({
  stdout: terminal as unknown as NodeJS.WriteStream,
  stdin: keyboard as unknown as NodeJS.ReadStream,
});

/** Lets everything that is due happen, again and again, until something is so. */
export const until = async (isSo: () => boolean, what: string): Promise<void> => {
  for (let turn = 0; turn < 2000; turn += 1) {
    if (isSo()) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
  throw new Error(`never happened: ${what}`);
};
