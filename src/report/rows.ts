import stringWidth from 'string-width';
import { printable } from '../format.js';
import type { Role, Style } from './style.js';

/** A piece of one line: text without control characters and the meaning of its colour. */
export type Span = { readonly text: string; readonly role?: Role | undefined };
/** One line of the screen before it is coloured. */
export type Row = readonly Span[];

// Format characters (joiners, bidirectional marks), lone surrogates and line separators shift columns or reorder text.
const shifting = /[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu;

/** Untrusted text as one line whose width is what `displayWidth` says. */
export const inert = (text: string): string =>
  printable(text.replaceAll('\t', ' ').replaceAll(/\s*\n\s*/g, ' ')).replace(
    shifting,
    (character) => `\\u${(character.codePointAt(0) ?? 0).toString(16).padStart(4, '0')}`,
  );

/** A span of a line; makes its text inert. */
export const span = (text: string, role?: Role): Span => ({ text: inert(text), role });

// ASCII, signs, arrows, boxes, blocks and braille: most of what is ever shown, and slow to ask string-width about.
const oneColumnEach =
  /^[\u0020-\u007e\u00b1\u00b7\u0394\u2013\u2026\u2190-\u2193\u2212\u2500-\u257f\u2580-\u2593\u2714\u2718\u276f\u2800-\u28ff]*$/;

/** Columns that a text takes in a terminal. */
export const displayWidth = (text: string): number => (oneColumnEach.test(text) ? text.length : stringWidth(text));

export const rowWidth = (row: Row): number => row.reduce((width, { text }) => width + displayWidth(text), 0);

const graphemes = new Intl.Segmenter();

/** The longest beginning of a text that fits; two-column characters are never cut in half. */
const clip = (text: string, width: number): string => {
  let used = 0;
  let kept = '';
  for (const { segment } of graphemes.segment(text)) {
    used += displayWidth(segment);
    if (used > width) break;
    kept += segment;
  }
  return kept;
};

/** A text in at most `width` columns; what is cut off its end is marked by an ellipsis. */
export const truncate = (text: string, width: number, ellipsis: string): string => {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  return `${clip(text, width - 1)}${ellipsis}`;
};

/** Like `truncate`, but keeps the end, which tells paths apart. */
export const truncateStart = (text: string, width: number, ellipsis: string): string => {
  if (displayWidth(text) <= width) return text;
  if (width <= 0) return '';
  const reversed = [...graphemes.segment(text)].map(({ segment }) => segment).reverse();
  let kept = '';
  let used = 0;
  for (const segment of reversed) {
    used += displayWidth(segment);
    if (used > width - 1) break;
    kept = segment + kept;
  }
  return `${ellipsis}${kept}`;
};

export const padEnd = (text: string, width: number): string =>
  text + ' '.repeat(Math.max(0, width - displayWidth(text)));

export const padStart = (text: string, width: number): string =>
  ' '.repeat(Math.max(0, width - displayWidth(text))) + text;

/** A row cut to at most `width` columns. */
export const fitRow = (row: Row, width: number, ellipsis: string): Row => {
  if (rowWidth(row) <= width) return row;
  const kept: Span[] = [];
  let left = width;
  for (const { text, role } of row) {
    const columns = displayWidth(text);
    if (columns >= left) {
      // The row goes on, so a span that just fits needs the mark too.
      kept.push({ text: left > 0 ? `${clip(text, left - 1)}${ellipsis}` : '', role });
      break;
    }
    kept.push({ text, role });
    left -= columns;
  }
  return kept;
};

/** A row without blanks at its end. */
export const trimRow = (row: Row): Row => {
  const last = row.findLastIndex(({ text }) => text.trimEnd() !== '');
  return row.slice(0, last + 1).map((part, index) => (index === last ? { ...part, text: part.text.trimEnd() } : part));
};

/** A row as coloured text of at most `width` columns, without blanks at its end. */
export const paintRow = (row: Row, style: Style, width = Number.POSITIVE_INFINITY): string =>
  fitRow(trimRow(row), width, style.glyphs.ellipsis)
    .map(({ text, role }) => style.paint(text, role))
    .join('');

/** Words broken into lines of at most `width` columns; a longer word is cut. */
export const wrapWords = (text: string, width: number, ellipsis: string): string[] => {
  const lines: string[] = [];
  let line = '';
  for (const word of inert(text).split(' ').filter(Boolean)) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (displayWidth(longer) <= width) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = truncate(word, width, ellipsis);
    }
  }
  if (line !== '') lines.push(line);
  return lines;
};
