import type { RunEvent, Scoreboard } from '../events.js';
import { formatBytes, formatCount, formatDuration, formatParameters, plural } from '../format.js';
import { failureRows } from './failure.js';
import { renderFaults } from './fault.js';
import { type EventOf, evaluationTracker, line, mergeTracker } from './progress-lines.js';
import { paintRow, type Row } from './rows.js';
import { renderScores } from './score-table.js';
import type { Style } from './style.js';

export type PlainOptions = {
  readonly write: (text: string) => void;
  readonly style: Style;
  /** Columns for the table of scores. */
  readonly width: number;
};

const planLines = ({ plan }: EventOf<'plan-ready'>): Row[] => {
  const { method, models, tensors, copied, parameters, bytesRead, bytesWritten, peakMemory, seconds } = plan;
  return [
    line(
      'plan',
      `${method}: ${plural(tensors, 'tensor')} (${formatCount(copied)} copied), ${formatParameters(parameters)} parameters`,
    ),
    ...models.map(({ name, role, parameters: count, bytes }) =>
      line(
        '',
        `${role === 'base' ? 'base ' : 'model'} ${name}: ${formatParameters(count)} parameters, ${formatBytes(bytes)}`,
      ),
    ),
    ...plan.settings.map((setting) => line('', setting)),
    line('', `reads ${formatBytes(bytesRead)}, writes ${formatBytes(bytesWritten)} in ${plural(plan.shards, 'shard')}`),
    line('', `about ${formatDuration(seconds)}, peak memory about ${formatBytes(peakMemory)}`),
  ];
};

/** A reader that tells a run in lines for logs and pipes: no cursor movement, and colour only if the style has it. */
export const plainReader = ({ write, style, width }: PlainOptions): ((event: RunEvent) => void) => {
  const merge = mergeTracker();
  const evaluate = evaluationTracker(style);
  let scoreboard: Scoreboard | null = null;
  const print = (rows: readonly Row[]) => {
    for (const row of rows) write(`${paintRow(row, style)}\n`);
  };
  const printScores = () => {
    if (scoreboard !== null) write(`\n${renderScores(scoreboard, style, width)}`);
    scoreboard = null;
  };

  return (event) => {
    switch (event.type) {
      case 'run-started': {
        const from = event.recipe === null ? '' : `: ${event.recipe}`;
        const to = event.output === null ? '' : ` ${style.glyphs.arrow} ${event.output}`;
        return print([line('amalgam', `${event.version}  ${event.title}${from}${to}`, 'heading')]);
      }
      case 'faults':
        return write(renderFaults(event.faults, style, width));
      case 'plan-ready':
        merge.predict(event.plan.peakMemory);
        return print(planLines(event));
      case 'worker-starting':
        return print([line('worker', `starting ${event.python}`)]);
      case 'worker-ready':
        return print([
          line(
            'worker',
            `torch ${event.torch} on ${event.device}, ${plural(event.threads, 'thread')}, ${event.python}`,
          ),
        ]);
      case 'merge-started':
        return print(merge.start(event));
      case 'merge-progress':
        return print(merge.progress(event));
      case 'merge-finished':
        return print([
          line(
            'merged',
            `${plural(event.tensors, 'tensor')} in ${formatDuration(event.seconds)}: read ${formatBytes(event.bytesRead)}, ` +
              `wrote ${formatBytes(event.bytesWritten)}, peak memory ${formatBytes(event.peakMemory)}`,
            'good',
          ),
        ]);
      case 'published':
        return print([line('published', event.path, 'good')]);
      case 'evaluation-started':
        return print([
          line(
            'evaluate',
            `${plural(event.models.length, 'model')} ${style.glyphs.times} ${plural(event.tasks.length, 'task')}`,
          ),
        ]);
      case 'evaluation-progress':
        return print(evaluate(event));
      case 'evaluation-finished':
        scoreboard = event.scoreboard;
        return;
      case 'log':
        return print(
          event.message
            .split('\n')
            .map((text) => line(event.level, text, event.level === 'warning' ? 'warning' : 'muted')),
        );
      case 'cancelling':
        return print([line('stopping', `after ${event.signal}`, 'warning')]);
      case 'run-failed':
        printScores();
        return print(failureRows(event));
      case 'run-finished':
        print([line('finished', `in ${formatDuration(event.seconds)}`, 'good')]);
        return printScores();
    }
  };
};
