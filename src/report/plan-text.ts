import type { PlanSummary } from '../events.js';
import { formatBytes, formatCount, formatDuration, formatParameters, plural } from '../format.js';
import { fittingNames } from './model-names.js';
import { displayWidth, padEnd, padStart, paintRow, type Row, span } from './rows.js';
import type { Style } from './style.js';

const labelWidth = 10;

const labelled = (label: string, text: string): Row => [span(padEnd(label, labelWidth), 'muted'), span(text)];

const modelRows = ({ models }: PlanSummary, style: Style, width: number): Row[] => {
  const parameters = models.map((model) => formatParameters(model.parameters));
  const bytes = models.map((model) => formatBytes(model.bytes));
  const widest = (texts: readonly string[]) => Math.max(0, ...texts.map(displayWidth));
  const numbers = [widest(parameters), widest(bytes)] as const;
  const room = Math.max(12, width - labelWidth - numbers[0] - numbers[1] - ' parameters'.length - 4);
  const names = fittingNames(
    models.map(({ name }) => name),
    room,
    style.glyphs.ellipsis,
  );
  const nameWidth = widest(names);
  return models.map(({ role }, index) => [
    span(padEnd(role === 'base' ? 'base' : 'model', labelWidth), 'muted'),
    span(padEnd(names[index] ?? '', nameWidth), 'strong'),
    span(`  ${padStart(parameters[index] ?? '', numbers[0])} parameters  ${padStart(bytes[index] ?? '', numbers[1])}`),
  ]);
};

/** What a plan will do, for people: models, method and settings, then what it will cost. */
export const planRows = (plan: PlanSummary, style: Style, width = 100): Row[] => {
  const { method, settings, tensors, copied, parameters, shards, bytesRead, bytesWritten, peakMemory, seconds } = plan;
  return [
    ...modelRows(plan, style, width),
    [span(padEnd('method', labelWidth), 'muted'), span(method, 'accent')],
    ...settings.map((setting, index) => labelled(index === 0 ? 'settings' : '', setting)),
    labelled(
      'tensors',
      `${formatCount(tensors)} (${formatCount(copied)} copied unchanged), ${formatParameters(parameters)} parameters`,
    ),
    labelled('reads', formatBytes(bytesRead)),
    labelled('writes', `${formatBytes(bytesWritten)} in ${plural(shards, 'shard')}`),
    labelled('memory', `${formatBytes(peakMemory)} predicted at the peak`),
    labelled('time', `about ${formatDuration(seconds)}, estimated for files in the page cache`),
    labelled('plan', plan.hash),
  ];
};

/** The plan as text that ends with a newline. */
export const renderPlan = (plan: PlanSummary, style: Style, width = 100): string =>
  planRows(plan, style, width)
    .map((row) => `${paintRow(row, style)}\n`)
    .join('');
