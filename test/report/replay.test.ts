import { describe, expect, test } from 'vitest';
import type { RunEvent } from '../../src/events.js';
import { parseRecording, readRecording } from '../../src/report/recording.js';
import { createReplay } from '../../src/report/replay.js';

const logAt = (ts: number): RunEvent => ({ type: 'log', v: 1, ts, level: 'info', message: String(ts) });

/** A clock that only waiting moves. */
const fakeTime = () => {
  let time = 1_000_000;
  const waits: number[] = [];
  return {
    waits,
    now: () => time,
    advance: (milliseconds: number) => {
      time += milliseconds;
    },
    wait: async (milliseconds: number) => {
      waits.push(milliseconds);
      time += milliseconds;
    },
  };
};

describe('a recording', () => {
  const good = JSON.stringify(logAt(1));

  test('is read line by line, empty lines aside', () => {
    expect(parseRecording(`${good}\n\n${good}\n`, 'run.ndjson')).toEqual([logAt(1), logAt(1)]);
  });

  test.each([
    ['text', 'hello', 'run.ndjson:2: not a line of JSON'],
    ['a cut line', good.slice(0, 20), 'run.ndjson:2: not a line of JSON'],
    ['an unknown event', '{"type":"party","v":1,"ts":1}', 'run.ndjson:2: not an event: type'],
    ['another version', good.replace('"v":1', '"v":2'), 'run.ndjson:2: not an event: v'],
    ['an unknown key', good.replace('{', '{"x":1,'), 'run.ndjson:2: not an event'],
    ['a wrong type', good.replace('"ts":1', '"ts":"1"'), 'run.ndjson:2: not an event: ts'],
  ])('with %s is refused with file and line', (_, line, message) => {
    expect(() => parseRecording(`${good}\n${line}\n${good}`, 'run.ndjson')).toThrow(
      expect.objectContaining({ code: 'bad-recording', exitCode: 7, message: expect.stringContaining(message) }),
    );
  });

  test('that does not exist is not found', async () => {
    await expect(readRecording('test/fixtures/events/none.ndjson')).rejects.toMatchObject({
      code: 'recording-not-found',
      exitCode: 5,
    });
  });
});

describe('a replay', () => {
  const events = [0, 100, 400, 60_400, 60_400, 60_300].map(logAt);

  test.each([
    [1, [100, 300, 2000]],
    [2, [50, 150, 2000]],
    [0.1, [1000, 2000, 2000]],
    [1000, [0.1, 0.3, 60]],
    [Number.POSITIVE_INFINITY, []],
  ])('at speed %d waits as recorded, two seconds at most', async (speed, waits) => {
    const time = fakeTime();
    const played: RunEvent[] = [];
    await createReplay({ events, speed, now: time.now, wait: time.wait }).play((event) => played.push(event));
    expect(played).toEqual(events);
    expect(time.waits).toHaveLength(waits.length);
    for (const [index, milliseconds] of waits.entries()) expect(time.waits[index]).toBeCloseTo(milliseconds, 9);
  });

  test('tells the recording’s time between events', async () => {
    const time = fakeTime();
    const replay = createReplay({ events: [logAt(5000), logAt(6000)], speed: 2, now: time.now, wait: time.wait });
    await replay.play(() => {});
    expect(replay.now()).toBe(6000);
    time.advance(500);
    expect(replay.now()).toBe(7000);
  });

  test('stops without an error when told to', async () => {
    const stop = new AbortController();
    const played: number[] = [];
    const wait = async (_: number, signal: AbortSignal | undefined) => signal?.throwIfAborted();
    await createReplay({ events, wait }).play((event) => {
      played.push(event.ts);
      if (event.ts === 100) stop.abort();
    }, stop.signal);
    expect(played).toEqual([0, 100]);
  });
});
