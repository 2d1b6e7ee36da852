import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { readRecording } from '../../src/report/recording.js';
import { faultWith } from '../report/faults.js';
import { appInTerminal } from './app-in-terminal.js';
import { at, awkward, failed, recorded, started } from './events.js';

const sizes = [
  [20, 6],
  [40, 10],
  [59, 24],
  [80, 24],
  [109, 50],
  [160, 45],
  [250, 70],
] as const;

/** Every eighth step of a progress, and everything else. */
const thinned = (events: readonly RunEvent[]): readonly RunEvent[] =>
  events.filter(({ type }, index) => !type.endsWith('-progress') || index % 8 === 0);

const last = recorded.at(-1)?.ts ?? 0;
const faults = at(1, {
  type: 'faults',
  faults: [faultWith({}), faultWith({ source: `\t${'long '.repeat(80)}`, column: 300 })],
});
const streams: Record<string, readonly RunEvent[]> = {
  recorded,
  awkward: thinned(awkward),
  'failing in the evaluation': [
    ...recorded.slice(0, 60),
    at(last, { type: 'cancelling', signal: 'SIGINT' }),
    failed(last + 1),
  ],
  'refused for its faults': [started, faults, failed(2)],
  'an evaluation alone': [started, ...thinned(recorded).filter(({ type }) => type.startsWith('evaluation'))],
};

describe.each(Object.keys(streams))('the run %s', (name) => {
  test.each(sizes)('never leaves a %i by %i terminal, whatever has happened so far', async (columns, rows) => {
    const app = appInTerminal({ columns, rows, colour: true });
    const events = streams[name] ?? [];
    // Steps of a progress change numbers only; in most sizes a part of them will do.
    for (const event of columns === 40 || columns === 80 ? events : thinned(events)) {
      await app.show(event);
      expect(app.terminal.lines()[rows - 1]).toBe('');
      expect(app.terminal.wrapped).toBe(0);
    }
    app.close();
    await app.closed;
    expect(app.terminal).toMatchObject({ alternate: false, cursor: true, wrap: true });
  });
});

test('after resizing, the screen is what it would have been in that size from the start', async () => {
  const resized = appInTerminal({ columns: 250, rows: 70 });
  await resized.show(...recorded.slice(0, 90));
  for (const [columns, rows] of [
    [40, 10],
    [160, 45],
    [80, 24],
    [20, 6],
    [109, 50],
    [80, 24],
    [120, 20],
    [80, 24],
  ] as const) {
    resized.terminal.resize(columns, rows);
    await resized.settle();
    const fresh = appInTerminal({ columns, rows });
    expect(resized.terminal.text()).toBe(await fresh.show(...recorded.slice(0, 90)));
    fresh.close();
  }
  expect(resized.terminal.wrapped).toBe(0);
  resized.close();
});

test('neither clears the terminal nor moves other than to a place', async () => {
  const app = appInTerminal({ columns: 80, rows: 24 });
  for (const event of recorded) await app.show(event);
  app.terminal.resize(40, 10);
  app.close();
  await app.closed;
  expect(app.terminal.raw).not.toContain('\u001b[2J');
  expect(app.terminal.raw).not.toContain('\u001b[3J');
});

test('draws only the lines that change', async () => {
  const app = appInTerminal({ columns: 160, rows: 45 });
  await app.show(...recorded.slice(0, 80));
  const before = app.terminal.raw.length;
  await app.show(at((recorded[80]?.ts ?? 0) + 1000, { type: 'log', level: 'info', message: 'one more line' }));
  expect(app.terminal.text()).toContain('one more line');
  expect(app.terminal.raw.length - before).toBeLessThan(2500);
  app.close();
});

describe('what can be read at the end of a run', () => {
  const scores = recorded.flatMap((event) => (event.type === 'evaluation-finished' ? event.scoreboard.rows : []));
  const numbers = scores
    .flatMap((row) => [...row.scores.map(({ mean }) => mean), row.mean])
    .map((value) => (100 * (value ?? 0)).toFixed(1));

  test.each([
    [80, 24],
    [160, 45],
    [250, 70],
  ])('at %i by %i: all scores with errors, differences and gains, the verdict and bars', async (columns, rows) => {
    const app = appInTerminal({ columns, rows });
    const text = await app.show(...recorded);
    for (const number of numbers) expect(text).toContain(number);
    expect(text.match(/±/g)?.length).toBeGreaterThanOrEqual(5 * 3 + 5 + 4 + 4);
    expect(text).toMatch(/Δ best parent +-2\.7 ±/);
    expect(text).toContain('gain');
    expect(text).toContain('is best with a mean');
    expect(text).toContain('█');
    expect(text).toContain('finished');
    app.close();
  });

  test('at 80 by 24: the differences to every model and what was kept of their gains, all at once', async () => {
    const run = await readRecording('test/fixtures/events/zoo-ties.ndjson');
    const app = appInTerminal({ columns: 80, rows: 24 });
    const text = await app.show(...run);
    const scoreboard = run.flatMap((event) => (event.type === 'evaluation-finished' ? event.scoreboard : []))[0];
    const others = scoreboard?.rows.filter(({ role }) => role !== 'merge') ?? [];
    for (const { gain, scores, kept } of others) {
      for (const value of [gain, ...scores.map((score) => score.gain)]) {
        expect(text).toContain(`${(value ?? 0) < 0 ? '' : '+'}${(100 * (value ?? 0)).toFixed(1)}`);
      }
      if (kept !== null) expect(text).toContain(`${(100 * kept.share).toFixed(1)} ±`);
    }
    expect(others.filter(({ kept }) => kept !== null)).toHaveLength(3);
    expect(text).toContain('finished');
    app.close();
  });

  test('at 40 by 10: the status and the means', async () => {
    const app = appInTerminal({ columns: 40, rows: 10 });
    const text = await app.show(...recorded);
    expect(text).toContain('finished');
    for (const { mean } of scores) expect(text).toContain((100 * (mean ?? 0)).toFixed(1));
    app.close();
  });
});

describe('while a run goes on at 80 by 24', () => {
  test('the merge shows bytes, rate, time left, tensor, memory and a curve', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    const until = recorded.findIndex(({ type }) => type === 'merge-finished');
    const text = await app.show(...recorded.slice(0, until - 6));
    expect(text).toMatch(/3\.\d\d MB of 5\.65 MB {2}5\.\d+ MB\/s {2}0\.\d s left/);
    expect(text).toMatch(/tensor {2}26\/38 {2}model\.layers\.2/);
    expect(text).toMatch(/memory {2}.*MB, peak .*MB, 96\.0 MB predicted/);
    expect(text).toMatch(/[\u2801-\u28ff]{5}/);
    expect(text).toContain('✔ plan');
    app.close();
  });

  test('the evaluation shows what is scored now, its error, and the merge against the best parent', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    const until = recorded.findIndex((event) => event.type === 'evaluation-progress' && event.model === 'out/zoo-ties');
    const text = await app.show(...recorded.slice(0, until + 12));
    expect(text).toMatch(/now {2}out\/zoo-ties · facts {2}80\/400 {2}\d\d\.\d ±\d\.\d/);
    expect(text).toMatch(/Δ best parent +-2\.7 +/);
    app.close();
  });

  test('silence is told', async () => {
    const app = appInTerminal({ columns: 80, rows: 24 });
    await app.show(started);
    app.at(4000);
    expect(await app.show()).not.toContain('no news');
    app.at(7000);
    expect(await app.show()).toContain('no news for 7.0 s · 7.0 s');
    app.close();
  });
});

test('without unicode everything is ASCII', async () => {
  for (const [columns, rows] of sizes) {
    const app = appInTerminal({ columns, rows, unicode: false });
    expect(await app.show(...recorded)).toMatch(/^[\u0020-\u007e\n]*$/);
    app.close();
  }
});

test('without colour the same words are on the screen', async () => {
  const texts = await Promise.all(
    [true, false].map(async (colour) => {
      const app = appInTerminal({ columns: 100, rows: 30, colour });
      const text = await app.show(...recorded);
      const { raw } = app.terminal;
      app.close();
      return { text, coloured: raw.includes('\u001b[36m') };
    }),
  );
  expect(texts[0]?.text).toBe(texts[1]?.text);
  expect(texts.map(({ coloured }) => coloured)).toEqual([true, false]);
});
