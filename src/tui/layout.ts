import { evaluationRows } from './evaluation-view.js';
import { failurePanelRows } from './failure-view.js';
import { innerHeight, innerWidth } from './panel.js';
import { planPanelRows } from './plan-view.js';
import type { Size } from './screen.js';
import type { DashboardState } from './state.js';
import type { Theme } from './theme.js';

export type PanelName = 'plan' | 'merge' | 'evaluation' | 'failure' | 'log';
export type StageName = 'plan' | 'merge' | 'evaluation' | 'plan and merge';
export type Region = { readonly panel: PanelName; readonly width: number; readonly height: number };

export type Layout = {
  /** Stages of which one line must do. */
  readonly collapsed: readonly StageName[];
  readonly columns: readonly (readonly Region[])[];
};

export type SizeClass = 'tiny' | 'compact' | 'wide';

export const headerHeight = 2;
export const footerHeight = 1;

export const sizeClass = ({ columns, rows }: Size): SizeClass => {
  if (columns < 60 || rows < 15) return 'tiny';
  return columns >= 110 && rows >= 30 ? 'wide' : 'compact';
};

/** Lines between header and footer; one line of the terminal stays free. */
export const bodyHeight = ({ rows }: Size): number => Math.max(1, rows - 1 - headerHeight - footerHeight);

/** The stage to look at now. */
export const focusOf = ({ failure, evaluation, scoreboard, merge, plan }: DashboardState): PanelName => {
  if (failure !== null) return 'failure';
  if (evaluation !== null || scoreboard !== null) return 'evaluation';
  if (merge !== null) return 'merge';
  return plan === null ? 'log' : 'plan';
};

const mergeWithoutCurve = 6;
const mergeWithCurve = 14;
const smallestPanel = 3;
const lowTerminal = 28;

/** Rows that a panel would like to show in at most `height` lines. */
export const rowsWanted = (
  panel: PanelName,
  state: DashboardState,
  width: number,
  height: number,
  theme: Theme,
): number => {
  const { plan, failure, faults, evaluation, scoreboard, log } = state;
  switch (panel) {
    case 'plan':
      return plan === null ? 0 : planPanelRows(plan, width, theme).length;
    case 'failure':
      return failurePanelRows(failure, faults, width, theme).length;
    case 'evaluation':
      return evaluationRows(evaluation, scoreboard, innerWidth(width), innerHeight(height), theme).length;
    case 'merge':
      return Math.min(mergeWithCurve, height) - 2;
    case 'log':
      return log.length;
  }
};

const stages = (state: DashboardState): ('plan' | 'merge' | 'evaluation')[] => [
  ...(state.plan === null ? [] : ['plan' as const]),
  ...(state.merge === null ? [] : ['merge' as const]),
  ...(state.evaluation === null && state.scoreboard === null ? [] : ['evaluation' as const]),
];

/** Stages other than the one in focus; a low terminal spends one line on a merge that is done and its plan. */
const collapsedStages = (state: DashboardState, { rows }: Size, focus: PanelName): StageName[] => {
  const others: StageName[] = stages(state).filter((stage) => stage !== focus);
  const { merge, plan } = state;
  if (rows >= lowTerminal || focus === 'merge' || plan === null || merge === null || merge.finished === null)
    return others;
  return ['plan and merge', ...others.filter((stage) => stage !== 'plan' && stage !== 'merge')];
};

const compact = (state: DashboardState, size: Size, theme: Theme): Layout => {
  const focus = focusOf(state);
  const collapsed = collapsedStages(state, size, focus);
  const width = size.columns;
  const height = bodyHeight(size) - collapsed.length;
  if (focus === 'log') return { collapsed, columns: [[{ panel: 'log', width, height }]] };
  const wanted = Math.min(height, rowsWanted(focus, state, width, height, theme) + 2);
  const rest = height - wanted;
  const regions: Region[] =
    rest < smallestPanel
      ? [{ panel: focus, width, height }]
      : [
          { panel: focus, width, height: wanted },
          { panel: 'log', width, height: rest },
        ];
  return { collapsed, columns: [regions] };
};

/** The right column from the top: what went wrong, the merge, the scores. */
const rightColumn = (state: DashboardState, width: number, height: number, theme: Theme): Region[] => {
  const shown = stages(state).filter((stage) => stage !== 'plan');
  if (state.failure !== null) {
    const [below] = shown.slice(-1);
    const wanted = rowsWanted('failure', state, width, height, theme) + 2;
    if (below === undefined) return [{ panel: 'failure', width, height }];
    const top = Math.min(wanted, Math.floor(height / 2));
    return [
      { panel: 'failure', width, height: top },
      { panel: below, width, height: height - top },
    ];
  }
  if (shown.length < 2) return shown.map((panel) => ({ panel, width, height }));
  const scores = rowsWanted('evaluation', state, width, height - mergeWithoutCurve, theme) + 2;
  const merge = Math.max(mergeWithoutCurve, Math.min(mergeWithCurve, height - scores));
  return [
    { panel: 'merge', width, height: merge },
    { panel: 'evaluation', width, height: height - merge },
  ];
};

const wide = (state: DashboardState, size: Size, theme: Theme): Layout => {
  const height = bodyHeight(size);
  const left = Math.max(46, Math.min(84, Math.floor(size.columns * 0.36)));
  const right = rightColumn(state, size.columns - left, height, theme);
  const width = right.length > 0 ? left : size.columns;
  const wanted = state.plan === null ? 0 : rowsWanted('plan', state, width, height, theme) + 2;
  const plan = Math.min(wanted, Math.floor(height * 0.7));
  const regions: Region[] = [
    ...(plan > 0 ? [{ panel: 'plan' as const, width, height: plan }] : []),
    { panel: 'log', width, height: height - plan },
  ];
  return { collapsed: [], columns: right.length > 0 ? [regions, right] : [regions] };
};

/** Where everything goes in a terminal of this size; only for sizes that are not tiny. */
export const layoutOf = (state: DashboardState, size: Size, theme: Theme): Layout =>
  sizeClass(size) === 'wide' ? wide(state, size, theme) : compact(state, size, theme);
