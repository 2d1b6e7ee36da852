import { memo } from 'react';
import { formatBytes, formatCount, formatDuration, plural } from '../format.js';
import { padStart, type Row, span } from '../report/rows.js';
import { bar } from './bar.js';
import { Lines } from './lines.js';
import type { MergeState } from './merge-state.js';
import { innerHeight, innerWidth, panelLines } from './panel.js';
import type { Theme } from './theme.js';
import { throughputRows } from './throughput.js';

const percent = (fraction: number): string => `${padStart(String(Math.floor(100 * fraction)), 3)} %`;

const perSecond = (rate: number | null): string => (rate === null ? '' : `${formatBytes(rate)}/s`);

/** The merge in one line, for when there are more important things. */
export const mergeLine = (merge: MergeState): string => {
  const { finished, fraction, eta } = merge;
  if (finished === null)
    return [percent(fraction).trim(), perSecond(merge.rate), etaText(eta)].filter(Boolean).join(', ');
  const rate = finished.seconds > 0 ? `, ${formatBytes(finished.bytesRead / finished.seconds)}/s` : '';
  const memory = `peak memory ${formatBytes(finished.peakMemory)}`;
  return `${plural(finished.tensors, 'tensor')} in ${formatDuration(finished.seconds)}${rate}, ${memory}`;
};

export const etaText = (eta: number | null): string => (eta === null ? '' : `${formatDuration(eta)} left`);

const progressRow = ({ fraction }: MergeState, width: number, theme: Theme): Row => [
  ...bar(fraction, width - 6, theme),
  span(` ${percent(fraction)}`, 'strong'),
];

const ratesRow = (merge: MergeState): Row => {
  const { bytesDone, bytesTotal, finished } = merge;
  if (finished !== null) {
    const { bytesRead, bytesWritten, seconds } = finished;
    return [
      span(`read ${formatBytes(bytesRead)}, wrote ${formatBytes(bytesWritten)} in ${formatDuration(seconds)}`),
      span(seconds > 0 ? `  ${formatBytes(bytesRead / seconds)}/s` : '', 'accent'),
    ];
  }
  return [
    span(`${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}  `),
    span(perSecond(merge.rate), 'accent'),
    span(`  ${etaText(merge.eta)}`),
  ];
};

const memoryRow = ({ memory, peakMemory, finished }: MergeState, predicted: number | null): Row => {
  const foreseen = predicted === null ? '' : `, ${formatBytes(predicted)} predicted`;
  const now = finished === null ? `${formatBytes(memory)}, ` : '';
  return [
    span('memory  ', 'muted'),
    span(
      `${now}peak ${formatBytes(peakMemory)}${foreseen}`,
      predicted !== null && peakMemory > predicted ? 'warning' : undefined,
    ),
  ];
};

/** Bar, rate and time left, tensor, memory, and as much of the throughput curve as there is room for. */
export const mergeRows = (
  merge: MergeState,
  predicted: number | null,
  width: number,
  height: number,
  theme: Theme,
): Row[] => {
  const { tensorsDone, tensorsTotal, tensor } = merge;
  const rows: Row[] = [
    progressRow(merge, width, theme),
    ratesRow(merge),
    [span('tensor  ', 'muted'), span(`${formatCount(tensorsDone)}/${formatCount(tensorsTotal)}  ${tensor}`)],
    memoryRow(merge, predicted),
  ];
  return [...rows, ...throughputRows(merge, width, height - rows.length, theme)];
};

type Props = {
  readonly merge: MergeState;
  /** Peak memory that the plan foresaw, in bytes. */
  readonly predicted: number | null;
  readonly width: number;
  readonly height: number;
  readonly theme: Theme;
};

export const MergeView = memo(({ merge, predicted, width, height, theme }: Props) => {
  const rows = mergeRows(merge, predicted, innerWidth(width), innerHeight(height), theme);
  return <Lines width={width} lines={panelLines({ title: 'merge', rows, width, height }, theme)} />;
});
