import { type Fault, isError } from '../fault.js';
import { plural } from '../format.js';
import { displayWidth, fitRow, inert, paintRow, type Row, span, truncateStart } from './rows.js';
import type { Style } from './style.js';

const tabStop = 4;
// More of a source line is never shown on either side of the fault, however long the line is.
const longestContext = 400;

/** Tabs become blanks up to the next tab stop, so that columns can be counted. */
const expandTabs = (text: string, from: number): string => {
  let expanded = '';
  for (const part of text.split(/(\t)/)) {
    const column = from + displayWidth(expanded);
    expanded += part === '\t' ? ' '.repeat(tabStop - (column % tabStop)) : inert(part);
  }
  return expanded;
};

/** The source line with the faulty characters underlined; nothing if the fault has no place in a line. */
const sourceRows = ({ source, line, column, length, severity }: Fault, style: Style, width: number): Row[] => {
  if (source === null || line === null) return [];
  const number = String(line);
  const gutter = ' '.repeat(number.length);
  const { ellipsis } = style.glyphs;
  const start = Math.max(0, Math.min((column ?? 1) - 1, source.length));
  const end = Math.min(source.length, start + Math.min(longestContext, Math.max(1, length ?? 1)));
  const from = Math.max(0, start - longestContext);
  const lead = `${from > 0 ? ellipsis : ''}${expandTabs(source.slice(from, start), 0)}`;
  const word = expandTabs(source.slice(start, end), displayWidth(lead));
  const rest = expandTabs(source.slice(end, end + longestContext), displayWidth(lead) + displayWidth(word));
  const room = Math.max(20, width - number.length - 3);
  // In a long line what stands before the fault gives way, so that the fault stays in view.
  const before = displayWidth(lead + word) > room ? truncateStart(lead, Math.floor(room / 3), ellipsis) : lead;
  const rows: Row[] = [
    [span(`${gutter} |`, 'muted')],
    fitRow([span(`${number} |`, 'muted'), span(` ${before}${word}${rest}`)], width, ellipsis),
  ];
  if (column === null) return rows;
  const carets = '^'.repeat(Math.max(1, Math.min(displayWidth(word), room - displayWidth(before))));
  const underline = severity === 'error' ? 'bad' : 'warning';
  const margin = ' '.repeat(1 + displayWidth(before));
  return [...rows, [span(`${gutter} |`, 'muted'), span(margin), span(carets, underline)]];
};

const place = ({ file, line, column }: Fault): string =>
  [file, line, line === null ? null : column].filter((part) => part !== null).join(':');

/** One fault as rows: what, where, the line with a caret, how to mend it. */
export const faultRows = (fault: Fault, style: Style, width = 100): Row[] => {
  const { severity, code, message, hint, file, line } = fault;
  const gutter = ' '.repeat(line === null ? 1 : String(line).length);
  return [
    [span(`${severity}[${code}]`, severity === 'error' ? 'bad' : 'warning'), span(`: ${message}`, 'strong')],
    ...(file === null ? [] : [[span(`${gutter}--> `, 'muted'), span(place(fault))]]),
    ...sourceRows(fault, style, width),
    ...(hint === null ? [] : [[span(`${gutter} = `, 'muted'), span('help', 'accent'), span(`: ${hint}`)]]),
  ];
};

/** `4 errors, 1 warning`. */
export const faultCounts = (faults: readonly Fault[]): string => {
  const errors = faults.filter(isError).length;
  const counts = [
    [errors, 'error'],
    [faults.length - errors, 'warning'],
  ] as const;
  return counts
    .filter(([count]) => count > 0)
    .map(([count, noun]) => plural(count, noun))
    .join(', ');
};

/** All faults, an empty line between them, and a count when there are several. */
export const faultsRows = (faults: readonly Fault[], style: Style, width = 100): Row[] => {
  const rows = faults.flatMap((fault, index) => [...(index === 0 ? [] : [[]]), ...faultRows(fault, style, width)]);
  return faults.length > 1 ? [...rows, [], [span(faultCounts(faults), 'strong')]] : rows;
};

/** All faults as text that ends with a newline; empty if there are none. */
export const renderFaults = (faults: readonly Fault[], style: Style, width = 100): string =>
  faultsRows(faults, style, width)
    .map((row) => `${paintRow(row, style)}\n`)
    .join('');
