import type { PlanSummary, RunEvent } from '../events.js';
import { formatBytes, formatDuration, plural } from '../format.js';
import { type Row, span } from '../report/rows.js';
import { evaluationLine } from './evaluation-view.js';
import type { StageName } from './layout.js';
import { mergeLine } from './merge-view.js';
import { planLine } from './plan-view.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';

type Merged = Extract<RunEvent, { type: 'merge-finished' }>;

const doneRow = (
  { method, models }: PlanSummary,
  { tensors, bytesRead, seconds, peakMemory }: Merged,
  done: string,
): Row => {
  const inputs = models.filter(({ role }) => role === 'input').length;
  const work = `${plural(tensors, 'tensor')}, ${formatBytes(bytesRead)} in ${formatDuration(seconds)}`;
  return [
    span(` ${done} `, 'good'),
    span(`${method} of ${plural(inputs, 'model')}`, 'strong'),
    span(`  ${work}, peak memory ${formatBytes(peakMemory)}`),
  ];
};

/** A stage that has its turn behind it, in one line. */
export const stageLine = (stage: StageName, state: DashboardState, theme: Theme): Row => {
  const { plan, merge, evaluation, scoreboard } = state;
  const { done, failed, dash } = theme.glyphs;
  const row = (finished: boolean, name: string, text: string): Row => [
    span(` ${finished ? done : state.failure === null ? dash : failed} `, finished ? 'good' : 'warning'),
    span(`${name}  `, 'muted'),
    span(text),
  ];
  switch (stage) {
    case 'plan':
      return row(true, 'plan  ', plan === null ? '' : planLine(plan));
    case 'merge':
      return row(merge?.finished != null, 'merge ', merge === null ? '' : mergeLine(merge));
    case 'plan and merge':
      return plan === null || merge?.finished == null ? [] : doneRow(plan, merge.finished, done);
    case 'evaluation':
      return row(
        scoreboard !== null,
        'scores',
        scoreboard?.verdict ?? (evaluation === null ? '' : evaluationLine(evaluation)),
      );
  }
};
