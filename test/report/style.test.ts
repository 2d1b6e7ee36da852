import { expect, test } from 'vitest';
import { createStyle, supportsColour, supportsUnicode } from '../../src/report/style.js';

test.each([
  [{}, true, true],
  [{}, false, false],
  [{ NO_COLOR: '1' }, true, false],
  [{ NO_COLOR: '' }, true, true],
  [{ NO_COLOR: '1', FORCE_COLOR: '3' }, true, false],
  [{ FORCE_COLOR: '1' }, false, true],
  [{ FORCE_COLOR: '0' }, true, false],
  [{ FORCE_COLOR: '0', CLICOLOR_FORCE: '1' }, true, false],
  [{ CLICOLOR_FORCE: '1' }, false, true],
  [{ CLICOLOR_FORCE: '0' }, false, false],
  [{ TERM: 'dumb' }, true, false],
  [{ TERM: 'dumb', FORCE_COLOR: '1' }, true, true],
])('colour under %j on a terminal: %s gives %s', (env, isTTY, expected) => {
  expect(supportsColour(env, isTTY)).toBe(expected);
});

test.each([
  [{ LANG: 'en_US.UTF-8' }, true],
  [{ LANG: 'de_DE.utf8' }, true],
  [{ LANG: 'C' }, false],
  [{}, false],
  [{ LANG: 'en_US.UTF-8', LC_ALL: 'C' }, false],
  [{ LANG: 'C', LC_ALL: 'C.UTF-8' }, true],
  [{ LANG: 'C', LC_CTYPE: 'C.UTF-8' }, true],
  [{ LANG: 'en_US.UTF-8', TERM: 'linux' }, false],
])('unicode under %j: %s', (env, expected) => {
  expect(supportsUnicode(env)).toBe(expected);
});

test('without unicode every glyph is ASCII', () => {
  for (const glyph of Object.values(createStyle({ colour: false, unicode: false }).glyphs)) {
    expect(glyph).toMatch(/^[\u0020-\u007e]+$/);
  }
});
