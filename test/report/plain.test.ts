import { describe, expect, test } from 'vitest';
import { emitterTo, type RunEvent, type UnstampedEvent } from '../../src/events.js';
import { jsonReader } from '../../src/report/json.js';
import { plainReader } from '../../src/report/plain.js';
import { readRecording } from '../../src/report/recording.js';
import { createStyle } from '../../src/report/style.js';

const recorded = await readRecording('test/fixtures/events/invented.ndjson');

const tell = (events: readonly RunEvent[], options: { colour?: boolean; unicode?: boolean } = {}): string => {
  let text = '';
  const style = createStyle({ colour: false, unicode: true, ...options });
  const reader = plainReader({ write: (part) => (text += part), style, width: 80 });
  for (const event of events) reader(event);
  return text;
};

const stamped = (events: readonly UnstampedEvent[], step = 1): RunEvent[] => {
  const collected: RunEvent[] = [];
  let time = 0;
  const emit = emitterTo([(event) => collected.push(event)], () => (time += step));
  for (const event of events) emit(event);
  return collected;
};

const mergeOf = (steps: number, milliseconds: number) =>
  stamped(
    [
      { type: 'merge-started', bytesTotal: 1000, tensorsTotal: steps },
      ...Array.from({ length: steps }, (_, index) => ({
        type: 'merge-progress' as const,
        bytesDone: Math.round((1000 * (index + 1)) / steps),
        tensorsDone: index + 1,
        tensor: `t${index}`,
        memory: 7,
      })),
    ],
    milliseconds,
  );

describe('a run in plain lines', () => {
  const text = tell(recorded);

  test('has no escape, no carriage return, nothing but lines', () => {
    expect(text).not.toMatch(/(?!\n)\p{Cc}/u);
    expect(text.endsWith('\n')).toBe(true);
  });

  test('says what the dashboard shows', () => {
    for (const fact of [
      'configs/recipes/zoo/ties.yml → out/zoo-ties',
      'ties: 38 tensors',
      'density 0.6, weight 1.1 for every model',
      'torch 2.13.0+cpu on cpu, 2 threads',
      'merging',
      'model.norm.weight',
      'peak memory 83.0 MB',
      '/home/you/amalgam/out/zoo-ties',
      'evaluated  zoo/decoder/facts  facts  76.8 ± 2.1  (400 items)',
      'copied the tokenizer',
    ]) {
      expect(text).toContain(fact);
    }
  });

  test('has one line per finished task and ends with the table', () => {
    expect(text.match(/^evaluated /gm)).toHaveLength(15);
    expect(text.slice(text.indexOf('finished'))).toMatch(/\nmodel [\s\S]*merge [\s\S]*is best with a mean/);
  });

  test('colours only when asked, and the words stay the same', () => {
    const coloured = tell(recorded, { colour: true });
    expect(coloured).toContain('\u001b[');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are taken away to compare the words
    expect(coloured.replace(/\u001b\[[0-9;]*m/g, '')).toBe(text);
  });

  test('is ASCII where the locale is', () => {
    expect(tell(recorded, { unicode: false })).toMatch(/^[\u0020-\u007e\n]*$/);
  });
});

describe('progress', () => {
  test.each([
    [1000, 1, 20],
    [1000, 5000, 500],
    [4, 1, 4],
  ])('%i steps of %i ms give %i lines', (steps, milliseconds, lines) => {
    expect(tell(mergeOf(steps, milliseconds)).match(/^merging/gm)).toHaveLength(lines);
  });

  test('of an empty merge is not a number to divide by', () => {
    const events = stamped([
      { type: 'merge-started', bytesTotal: 0, tensorsTotal: 0 },
      { type: 'merge-progress', bytesDone: 0, tensorsDone: 0, tensor: '', memory: 0 },
    ]);
    expect(tell(events)).not.toMatch(/NaN|Infinity/);
  });

  test('of a long task is told every ten seconds', () => {
    const progress = (done: number) =>
      ({
        type: 'evaluation-progress',
        model: 'm',
        task: 't',
        done,
        total: 40,
        mean: 0.5,
        standardError: null,
      }) as const;
    const text = tell(
      stamped(
        Array.from({ length: 40 }, (_, index) => progress(index + 1)),
        1000,
      ),
    );
    expect(text.match(/^evaluating/gm)).toHaveLength(3);
    expect(text.match(/^evaluated/gm)).toHaveLength(1);
  });
});

test('a failure says what happened and what to do, after the scores it has', () => {
  const failed = recorded.map(
    (event): RunEvent =>
      event.type === 'run-finished'
        ? {
            type: 'run-failed',
            v: 1,
            ts: event.ts,
            code: 'worker-died',
            message: 'killed\nlast words',
            hint: 'rerun',
            exitCode: 1,
          }
        : event,
  );
  expect(tell(failed)).toMatch(/is best[\s\S]*error\[worker-died\]: killed\n {2}last words\n {2}= help: rerun\n$/);
});

test('escapes in names, messages and paths are shown, not obeyed', () => {
  const evil = '\u001b[2J\u0007\r\u202e';
  const text = tell(
    stamped([
      { type: 'run-started', title: evil, recipe: evil, output: evil, version: evil },
      { type: 'worker-starting', python: evil },
      { type: 'log', level: 'warning', message: `${evil}\n${evil}` },
      { type: 'published', path: evil },
      { type: 'cancelling', signal: evil },
      { type: 'run-failed', code: evil, message: evil, hint: evil, exitCode: 1 },
    ]),
  );
  expect(text.replaceAll('\n', '')).not.toMatch(/[\p{Cc}\p{Cf}]/u);
  expect(text).toContain('\\u001b[2J');
});

test('JSON has exactly one event per line', () => {
  let text = '';
  const reader = jsonReader((part) => (text += part));
  for (const event of recorded) reader(event);
  expect(
    text
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line)),
  ).toEqual(recorded);
});
