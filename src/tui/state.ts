import type { Fault, PlanSummary, RunEvent, Scoreboard } from '../events.js';
import { formatDuration, plural } from '../format.js';
import type { Failure } from '../report/failure.js';
import { faultCounts } from '../report/fault.js';
import { type EvaluationState, reduceEvaluation } from './evaluation-state.js';
import { type MergeState, reduceMerge } from './merge-state.js';

export type Phase = 'starting' | 'planned' | 'worker' | 'merging' | 'evaluating' | 'finished' | 'failed';

export type LogLine = { readonly at: number; readonly level: 'info' | 'warning' | 'error'; readonly message: string };

/** All that the dashboard shows of a run; a pure function of the events so far. */
export type DashboardState = {
  readonly title: string;
  readonly version: string;
  readonly recipe: string | null;
  readonly output: string | null;
  readonly phase: Phase;
  readonly startedAt: number | null;
  readonly lastAt: number | null;
  readonly plan: PlanSummary | null;
  readonly worker: string | null;
  readonly merge: MergeState | null;
  readonly evaluation: EvaluationState | null;
  readonly scoreboard: Scoreboard | null;
  readonly faults: readonly Fault[];
  readonly log: readonly LogLine[];
  readonly cancelling: string | null;
  readonly failure: Failure | null;
};

const longestLog = 500;

export const initialState = (title: string): DashboardState => ({
  title,
  version: '',
  recipe: null,
  output: null,
  phase: 'starting',
  startedAt: null,
  lastAt: null,
  plan: null,
  worker: null,
  merge: null,
  evaluation: null,
  scoreboard: null,
  faults: [],
  log: [],
  cancelling: null,
  failure: null,
});

export const hasEnded = ({ phase }: DashboardState): boolean => phase === 'finished' || phase === 'failed';

const facts = (state: DashboardState, event: RunEvent): DashboardState => {
  switch (event.type) {
    case 'run-started':
      return { ...state, title: event.title, version: event.version, recipe: event.recipe, output: event.output };
    case 'faults':
      return { ...state, faults: [...state.faults, ...event.faults] };
    case 'plan-ready':
      return { ...state, phase: 'planned', plan: event.plan };
    case 'worker-starting':
      return { ...state, phase: 'worker', worker: event.python };
    case 'worker-ready':
      return { ...state, worker: `torch ${event.torch} on ${event.device}, ${plural(event.threads, 'thread')}` };
    case 'merge-started':
    case 'merge-progress':
      return { ...state, phase: 'merging', merge: reduceMerge(state.merge, event) };
    case 'merge-finished':
      return { ...state, merge: reduceMerge(state.merge, event) };
    case 'published':
      return { ...state, output: event.path };
    case 'evaluation-started':
    case 'evaluation-progress':
      return { ...state, phase: 'evaluating', evaluation: reduceEvaluation(state.evaluation, event) };
    case 'evaluation-finished':
      return { ...state, evaluation: reduceEvaluation(state.evaluation, event), scoreboard: event.scoreboard };
    case 'log':
      return state;
    case 'cancelling':
      return { ...state, cancelling: event.signal };
    case 'run-failed':
      return { ...state, phase: 'failed', failure: event };
    case 'run-finished':
      return { ...state, phase: 'finished', output: event.output ?? state.output };
  }
};

const logged = (event: RunEvent): Omit<LogLine, 'at'>[] => {
  const info = (message: string) => [{ level: 'info' as const, message }];
  switch (event.type) {
    case 'faults':
      return event.faults.length === 0 ? [] : [{ level: 'warning', message: faultCounts(event.faults) }];
    case 'worker-starting':
      return info(`starting ${event.python}`);
    case 'worker-ready':
      return info(
        `worker: torch ${event.torch} on ${event.device}, ${plural(event.threads, 'thread')}, ${event.python}`,
      );
    case 'merge-finished':
      return info(`merged ${plural(event.tensors, 'tensor')} in ${formatDuration(event.seconds)}`);
    case 'published':
      return info(`published ${event.path}`);
    case 'log':
      return event.message.split('\n').map((message) => ({ level: event.level, message }));
    case 'cancelling':
      return [{ level: 'warning', message: `stopping after ${event.signal}` }];
    case 'run-failed':
      return [{ level: 'error', message: event.message.split('\n')[0] ?? '' }];
    case 'run-finished':
      return info(`finished in ${formatDuration(event.seconds)}`);
    default:
      return [];
  }
};

/** The state after one more event. A run that has ended stays ended. */
export const reduce = (state: DashboardState, event: RunEvent): DashboardState => {
  const startedAt = state.startedAt ?? event.ts;
  const next = facts(state, event);
  const lines = logged(event).map((line) => ({ ...line, at: Math.max(0, event.ts - startedAt) / 1000 }));
  return {
    ...next,
    phase: hasEnded(state) ? state.phase : next.phase,
    startedAt,
    lastAt: Math.max(state.lastAt ?? event.ts, event.ts),
    log: lines.length === 0 ? state.log : [...state.log, ...lines].slice(-longestLog),
  };
};

/** Seconds since the run began; stands still when it has ended. */
export const elapsedSeconds = (state: DashboardState, now: number): number => {
  const { startedAt, lastAt } = state;
  if (startedAt === null || lastAt === null) return 0;
  return Math.max(0, (hasEnded(state) ? lastAt : Math.max(lastAt, now)) - startedAt) / 1000;
};

/** Seconds without news of a run that goes on. */
export const silentSeconds = (state: DashboardState, now: number): number =>
  state.lastAt === null || hasEnded(state) ? 0 : Math.max(0, now - state.lastAt) / 1000;
