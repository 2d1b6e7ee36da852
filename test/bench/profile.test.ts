import { expect, test } from 'vitest';
import { shares } from '../../scripts/bench/profile.mjs';

test('shares of a profile add up to the whole merge, however many threads there are', () => {
  // Two threads ran for eight of ten seconds: 4 + 12 seconds of both together.
  const parts = { threads: 8, begin: 0.5, 'flush to disk': 1.5, read: 4, combine: 12 };
  expect(shares({ seconds: 10, parts })).toEqual({ begin: 5, 'flush to disk': 15, read: 20, combine: 60 });
});
