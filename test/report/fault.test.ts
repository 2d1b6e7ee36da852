import stringWidth from 'string-width';
import { describe, expect, test } from 'vitest';
import { faultCounts, renderFaults } from '../../src/report/fault.js';
import { createStyle } from '../../src/report/style.js';
import { faultWith } from './faults.js';

const plain = createStyle({ colour: false, unicode: true });

/** The text above the carets, found by columns of the terminal. */
const underlined = (text: string): string => {
  const lines = text.split('\n');
  const caretLine = lines.findIndex((line) => /\|\s*\^+$/.test(line));
  const carets = lines[caretLine] ?? '';
  const from = carets.indexOf('^');
  const until = stringWidth(carets);
  let column = 0;
  let found = '';
  for (const character of lines[caretLine - 1] ?? '') {
    if (column >= from && column < until) found += character;
    column += stringWidth(character);
  }
  return found;
};

describe('a fault', () => {
  test('is told with its place, its line, carets and help', () => {
    expect(renderFaults([faultWith({ column: 5 })], plain)).toBe(
      [
        'error[unknown-key]: unknown key `densty`',
        ' --> recipe.yml:7:5',
        '  |',
        '7 |     densty: 0.5',
        '  |     ^^^^^^',
        '  = help: did you mean `density`?',
        '',
      ].join('\n'),
    );
  });

  test.each([
    ['after a tab', '\tdensty: 1', 2, 6, 'densty'],
    ['after blanks and tabs', '  \t \tdensty: 1', 6, 6, 'densty'],
    ['after wide characters', '日本語: densty', 6, 6, 'densty'],
    ['made of wide characters', 'name: 日本語モデル', 7, 6, '日本語モデル'],
    ['after characters that are shown escaped', '\u001b[31m\u202edensty', 7, 6, 'densty'],
    ['at the end of a line', 'density', 8, 1, ''],
    ['longer than its line', 'densty', 1, 400, 'densty'],
  ])('is underlined %s', (_, source, column, length, marked) => {
    const text = renderFaults([faultWith({ source, column, length, line: 12 })], plain);
    expect(underlined(text).trimEnd()).toBe(marked);
  });

  test('stays in view in a line longer than the screen', () => {
    const source = `${'a, '.repeat(4000)}densty${', b'.repeat(4000)}`;
    const text = renderFaults([faultWith({ source, column: 12001, length: 6 })], plain, 80);
    expect(underlined(text)).toBe('densty');
    for (const line of text.split('\n')) expect(stringWidth(line)).toBeLessThanOrEqual(80);
  });

  test('without a place has neither arrow nor carets', () => {
    const text = renderFaults([faultWith({ file: null, line: null, column: null, source: null, hint: null })], plain);
    expect(text).toBe('error[unknown-key]: unknown key `densty`\n');
  });

  test('of a whole file names the file only', () => {
    const text = renderFaults([faultWith({ line: null, column: null, source: null })], plain);
    expect(text).toContain('--> recipe.yml\n');
  });
});

describe('several faults', () => {
  test('end with a count', () => {
    const faults = [faultWith({}), faultWith({ severity: 'warning' }), faultWith({}), faultWith({}), faultWith({})];
    expect(renderFaults(faults, plain).trimEnd().split('\n').at(-1)).toBe('4 errors, 1 warning');
    expect(faultCounts([faultWith({ severity: 'warning' })])).toBe('1 warning');
  });

  test('one alone is not counted, none is nothing', () => {
    expect(renderFaults([faultWith({})], plain)).not.toContain('1 error\n');
    expect(renderFaults([], plain)).toBe('');
  });
});

test('control characters of a recipe never reach the terminal', () => {
  const evil = 'x\u001b]0;owned\u0007\u001b[2J\r\u009b31m\u202e';
  const fault = faultWith({ code: evil, message: evil, hint: evil, file: evil, source: evil, column: 1 });
  const text = renderFaults([fault, fault], createStyle({ colour: true, unicode: true }));
  // biome-ignore lint/suspicious/noControlCharactersInRegex: our own colours are taken away before looking for others
  expect(text.replace(/\u001b\[[0-9;]*m/g, '')).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
  expect(text).not.toContain('\u001b[2J');
});
