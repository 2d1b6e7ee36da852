import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  appendRound,
  missingRounds,
  parseRounds,
  readRounds,
  seriesOf,
  setAside,
} from '../../scripts/bench/results.mjs';
import { temporaryFolder } from '../helpers/temporary.js';
import { alone, onMachine, round } from './rounds.js';

const folder = temporaryFolder();
const wanted = {
  methods: ['linear', 'ties'],
  rounds: 2,
  series: seriesOf(round('linear')),
  withMergekit: true,
};
const missing = (kept: readonly object[], changes = {}) =>
  missingRounds({ ...wanted, ...changes }, kept).map(
    (each: { method: string; round: number }) => `${each.method} ${each.round}`,
  );

describe('which rounds are missing', () => {
  test('all of them, first ones first, where there are none', () => {
    expect(missing([])).toEqual(['linear 1', 'ties 1', 'linear 2', 'ties 2']);
  });

  test('those that a method has less than the others', () => {
    expect(missing([round('linear'), round('ties'), round('linear')])).toEqual(['ties 2']);
    expect(missing([round('ties'), round('ties'), round('ties')])).toEqual(['linear 1', 'linear 2']);
  });

  test.each([
    ['another program', { program: 'one-three' }],
    ['another size', { size: '110M' }],
    ['other flags', { flags: ['--threads', '1'] }],
    ['another machine', onMachine({ cpu: 'Other CPU' })],
    ['another torch', onMachine({ torch: '2.12.0' })],
    ['a machine without a compiler', onMachine({ kernels: null })],
  ])('rounds of %s do not count', (_what, changes) => {
    expect(missing([round('linear', changes)], { methods: ['linear'], rounds: 1 })).toEqual(['linear 1']);
  });

  test('a commit that leaves the program as it is does not matter', () => {
    expect(missing([round('linear', { commit: 'def5678' })], { methods: ['linear'], rounds: 1 })).toEqual([]);
  });

  test('rounds without mergekit count where it is not wanted', () => {
    const one = { methods: ['linear'], rounds: 1 };
    expect(missing([alone('linear')], one)).toEqual(['linear 1']);
    expect(missing([alone('linear')], { ...one, withMergekit: false })).toEqual([]);
    expect(missing([round('linear')], { ...one, withMergekit: false })).toEqual([]);
  });
});

describe('the file of results', () => {
  test('gives back what was appended', () => {
    const file = join(folder, 'appended.jsonl');
    const rounds = [round('linear'), round('ties')];
    for (const each of rounds) appendRound(file, each);
    expect(readRounds(file)).toEqual(rounds);
    expect(readRounds(join(folder, 'none.jsonl'))).toEqual([]);
  });

  test('a line that was cut off is not a round', () => {
    const text = `${JSON.stringify(round('linear'))}\n`;
    expect(parseRounds(text + text.slice(0, 40))).toEqual([round('linear')]);
    expect(parseRounds(text.slice(0, 40))).toEqual([]);
  });

  test('an earlier one is moved out of the way and kept', () => {
    const file = join(folder, 'earlier.jsonl');
    writeFileSync(file, 'earlier rounds\n');
    const name = setAside(file);
    expect(existsSync(file)).toBe(false);
    expect(readFileSync(name ?? '', 'utf8')).toBe('earlier rounds\n');
    expect(setAside(file)).toBeUndefined();
  });
});
