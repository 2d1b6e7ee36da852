import { expect, test } from 'vitest';
import { plainReader } from '../../src/report/plain.js';
import { readRecording } from '../../src/report/recording.js';
import { createReplay } from '../../src/report/replay.js';
import { createStyle } from '../../src/report/style.js';

test('a run that was recorded replays to its table and verdict', async () => {
  const events = await readRecording('test/fixtures/events/zoo-ties.ndjson');
  const finished = events.find((event) => event.type === 'evaluation-finished');
  let text = '';
  const write = (more: string) => {
    text += more;
  };
  const reader = plainReader({ write, style: createStyle({ colour: false, unicode: true }), width: 100 });
  await createReplay({ events, speed: Number.POSITIVE_INFINITY }).play(reader);
  expect(finished?.scoreboard.rows.map(({ model }) => model)).toContain('zoo-ties');
  expect(text.replace(/\s+/g, ' ')).toContain(finished?.scoreboard.verdict);
  for (const { model } of finished?.scoreboard.rows ?? []) expect(text).toContain(model);
});
