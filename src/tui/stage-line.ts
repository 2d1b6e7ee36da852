import { type Row, span } from '../report/rows.js';
import { evaluationLine } from './evaluation-view.js';
import { mergeLine } from './merge-view.js';
import { planLine } from './plan-view.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';

/** A stage that has its turn behind it, in one line. */
export const stageLine = (stage: 'plan' | 'merge' | 'evaluation', state: DashboardState, theme: Theme): Row => {
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
    case 'evaluation':
      return row(
        scoreboard !== null,
        'scores',
        scoreboard?.verdict ?? (evaluation === null ? '' : evaluationLine(evaluation)),
      );
  }
};
