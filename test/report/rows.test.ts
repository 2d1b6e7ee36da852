import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import {
  displayWidth,
  fitRow,
  inert,
  padEnd,
  padStart,
  paintRow,
  rowWidth,
  span,
  truncate,
  truncateStart,
  wrapWords,
} from '../../src/report/rows.js';
import { createStyle } from '../../src/report/style.js';

const samples = ['', 'a', 'abc def', '日本語モデル', 'e\u0301tude', '👩‍💻 model', 'ab日c', '한국어/모델'];

describe.each(samples)('the text %j', (sample) => {
  const text = inert(sample);

  test.each([0, 1, 2, 3, 5, 8, 40])('cut to %i columns fits and is only cut when needed', (width) => {
    for (const cut of [truncate(text, width, '…'), truncateStart(text, width, '…')]) {
      expect(stringWidth(cut)).toBeLessThanOrEqual(width);
      if (stringWidth(text) <= width) expect(cut).toBe(text);
      else if (width > 0) expect(cut).toContain('…');
    }
  });

  test('is padded by what the terminal shows', () => {
    expect(stringWidth(padEnd(text, 30))).toBe(Math.max(30, stringWidth(text)));
    expect(stringWidth(padStart(text, 30))).toBe(Math.max(30, stringWidth(text)));
    expect(displayWidth(text)).toBe(stringWidth(text));
  });
});

test('a cut keeps the beginning, or the end of a path', () => {
  expect(truncate('abcdef', 4, '…')).toBe('abc…');
  expect(truncateStart('zoo/decoder/facts', 8, '…')).toBe('…r/facts');
});

test('a row is cut across its spans and keeps their meaning', () => {
  const row = [span('abc', 'good'), span('日本', 'bad'), span('xyz')];
  expect(fitRow(row, 10, '…')).toBe(row);
  for (let width = 0; width < 12; width += 1) expect(rowWidth(fitRow(row, width, '…'))).toBeLessThanOrEqual(width);
  expect(fitRow(row, 5, '…')).toEqual([
    { text: 'abc', role: 'good' },
    { text: '…', role: 'bad' },
  ]);
  expect(fitRow([span('abc'), span('')], 3, '…')).toHaveLength(2);
});

test('painting colours by meaning and drops blanks at the end', () => {
  const row = [span('a', 'good'), span('b  '), span('   ')];
  expect(paintRow(row, createStyle({ colour: false, unicode: true }))).toBe('ab');
  expect(paintRow(row, createStyle({ colour: true, unicode: true }))).toBe('\u001b[32ma\u001b[0mb');
});

test('words are wrapped and never wider than asked', () => {
  expect(wrapWords('one two three', 7, '…')).toEqual(['one two', 'three']);
  expect(wrapWords('incomprehensible', 6, '…')).toEqual(['incom…']);
  expect(wrapWords('', 6, '…')).toEqual([]);
});

test.each([
  ['escape', '\u001b[2J'],
  ['8-bit escape', '\u009b2J'],
  ['carriage return', 'a\rb'],
  ['bidirectional override', '\u202eabc'],
  ['arabic letter mark', '\u061cabc'],
  ['line separator', 'a\u2028b'],
  ['zero-width', 'a\u200b\ufeffb'],
  ['lone surrogate', 'a\ud800b'],
  ['newline', 'a\nb'],
  ['tab', 'a\tb'],
])('%s becomes visible or a blank', (_, text) => {
  expect(inert(text)).not.toMatch(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/u);
});
