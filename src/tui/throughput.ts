import { formatBytes, formatDuration } from '../format.js';
import { displayWidth, padStart, type Row, span } from '../report/rows.js';
import { curve, valuesAcross } from './braille.js';
import type { MergeState, Point } from './merge-state.js';
import type { Theme } from './theme.js';

/** Bytes done at a time, between two known points. */
const bytesAt = (points: readonly Point[], seconds: number): number => {
  const after = points.findIndex((point) => point.seconds >= seconds);
  if (after === -1) return points.at(-1)?.bytes ?? 0;
  const next = points[after];
  const previous = points[after - 1];
  if (next === undefined || previous === undefined) return next?.bytes ?? 0;
  const share = (seconds - previous.seconds) / (next.seconds - previous.seconds);
  return previous.bytes + share * (next.bytes - previous.bytes);
};

/** Mean bytes a second in each of `count` equal parts of the time so far; their integral is exact. */
export const throughput = (points: readonly Point[], count: number): number[] => {
  const duration = points.at(-1)?.seconds ?? 0;
  if (duration <= 0 || count <= 0) return [];
  const bounds = Array.from({ length: count + 1 }, (_, index) => bytesAt(points, (duration * index) / count));
  return bounds.slice(1).map((bytes, index) => Math.max(0, bytes - (bounds[index] ?? 0)) / (duration / count));
};

/** The throughput curve with its axes: bytes a second upwards, time to the right. */
export const throughputRows = ({ points }: MergeState, width: number, height: number, theme: Theme): Row[] => {
  const duration = points.at(-1)?.seconds ?? 0;
  if (height < 3 || width < 24 || points.length < 3 || duration <= 0) return [];
  const labelWidth = 9;
  const across = width - labelWidth - 1;
  // A part shorter than the time between reports would show the reports' rhythm and not the disk's.
  const parts = Math.min(valuesAcross(across, theme), points.length - 1);
  const rates = throughput(points, parts);
  const values = Array.from({ length: valuesAcross(across, theme) }, (_, index) => {
    return rates[Math.floor((index * parts) / valuesAcross(across, theme))] ?? null;
  });
  const top = Math.max(...rates);
  const lines = curve(values, top, across, height - 1, theme);
  const { down, across: line, bottomLeft } = theme.shapes.frame;
  const left = (index: number) => (index === 0 ? `${formatBytes(top)}/s` : index === lines.length - 1 ? '0' : '');
  const end = formatDuration(duration);
  const rule = line.repeat(Math.max(0, across - displayWidth(end) - 1));
  return [
    ...lines.map((text, index) => [
      span(padStart(left(index), labelWidth), 'muted'),
      span(down, 'muted'),
      span(text, 'accent'),
    ]),
    [span(`${padStart('', labelWidth)}${bottomLeft}${rule} ${end}`, 'muted')],
  ];
};
