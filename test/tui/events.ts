import type { RunEvent, UnstampedEvent } from '../../src/events.js';
import { readRecording } from '../../src/report/recording.js';
import { scoreboardOf } from '../report/scoreboards.js';

export const recorded: readonly RunEvent[] = await readRecording('test/fixtures/events/invented.ndjson');

export const at = (ts: number, event: UnstampedEvent): RunEvent => ({ ...event, v: 1, ts }) as RunEvent;

export const started = at(0, {
  type: 'run-started',
  title: 'a title',
  recipe: 'r.yml',
  output: 'out',
  version: '1.2.3',
});

export const failed = (ts: number): RunEvent =>
  at(ts, {
    type: 'run-failed',
    code: 'worker-died',
    message: 'the worker was killed',
    hint: 'run it again',
    exitCode: 1,
  });

export const finished = (ts: number): RunEvent =>
  at(ts, { type: 'run-finished', output: '/abs/out', seconds: ts / 1000 });

export const progress = (ts: number, bytesDone: number, tensorsDone = 1): RunEvent =>
  at(ts, { type: 'merge-progress', bytesDone, tensorsDone, tensor: 'layer.weight', memory: 10 });

/** The recording with names that are wide, long or hostile, and twice as many models as usual. */
export const awkward: readonly RunEvent[] = recorded.flatMap((event): RunEvent[] => {
  const name = (text: string) => `組織/日本語モデル-${text}-\u001b[2J\u202e👩‍💻`;
  switch (event.type) {
    case 'run-started':
      return [
        { ...event, title: name(event.title), recipe: name('recipe'), output: `/home/${'very-'.repeat(60)}long` },
      ];
    case 'plan-ready': {
      const models = event.plan.models.map((model) => ({ ...model, name: name(model.name) }));
      const settings = [...event.plan.settings, `density ${'0.5, '.repeat(100)}`, '\r\n\t\u0007'];
      return [{ ...event, plan: { ...event.plan, models: [...models, ...models], settings } }];
    }
    case 'merge-progress':
      return [{ ...event, tensor: name(event.tensor) }];
    case 'evaluation-started':
      return [{ ...event, models: event.models.map((model) => ({ ...model, name: name(model.name) })) }];
    case 'evaluation-progress':
      return [{ ...event, model: name(event.model), task: name(event.task) }];
    case 'evaluation-finished': {
      const models = Array.from({ length: 14 }, (_, index) => name(`${index}`));
      const tasks = Array.from({ length: 11 }, (_, index) => name(`task ${index}`));
      return [{ ...event, scoreboard: { ...scoreboardOf({ models, tasks }), verdict: name('wins '.repeat(60)) } }];
    }
    case 'log':
      return [{ ...event, message: `${name('log')}\nsecond line\r\u001b[3J` }];
    default:
      return [event];
  }
});
