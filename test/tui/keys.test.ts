import { describe, expect, test } from 'vitest';
import { createStyle } from '../../src/report/style.js';
import { footerRow } from '../../src/tui/footer.js';
import { helpRows } from '../../src/tui/help-view.js';
import { keyNames } from '../../src/tui/key-names.js';
import { actionOf, type KeyContext, keys, validKeys } from '../../src/tui/keys.js';
import { createTheme } from '../../src/tui/theme.js';
import { initialUi, reduceUi } from '../../src/tui/ui.js';

const theme = createTheme(createStyle({ colour: false, unicode: true }));
const textOf = (row: readonly { readonly text: string }[]) => row.map(({ text }) => text).join('');

const contexts: KeyContext[] = (['running', 'stopping', 'ended', 'home'] as const).flatMap((screen) =>
  (['none', 'help', 'confirm'] as const).flatMap((overlay) =>
    [true, false].map((scrollable) => ({ screen, overlay, scrollable })),
  ),
);

describe.each(contexts)('in %j', (context) => {
  test('each key means one thing at most', () => {
    const all = validKeys(context).flatMap((binding) => binding.keys);
    expect(new Set(all).size).toBe(all.length);
  });

  test('the footer shows valid keys and no others', () => {
    const text = textOf(footerRow(context, theme));
    for (const { hint, valid } of keys) {
      if (hint === null || !valid(context)) continue;
      expect(text).toContain(`${hint[0]} ${hint[1]}`);
    }
    const shown = text.split(/ · | Stop this run\? | stopping /).map((part) => part.trim());
    const allowed = new Set(validKeys(context).flatMap(({ hint }) => (hint === null ? [] : [hint.join(' ')])));
    for (const part of shown) expect(part === '' || allowed.has(part)).toBe(true);
  });

  test('there is a way out, and ctrl-c always means something unless a question or list is open on an ended run', () => {
    const names = ['q', 'esc', 'n', 'enter'];
    expect(names.some((name) => actionOf(name, context) !== null) || context.screen === 'stopping').toBe(true);
    if (context.screen === 'running' || context.screen === 'stopping')
      expect(actionOf('ctrl-c', context)).toBe('interrupt');
  });

  test('an unknown key does nothing', () => {
    for (const name of ['x', 'ctrl-x', 'meta-q', 'é', '']) expect(actionOf(name, context)).toBeNull();
  });
});

test('the help has every key of the table', () => {
  const rows = helpRows({ screen: 'running', overlay: 'help', scrollable: false }).map(textOf);
  expect(rows).toHaveLength(keys.length);
  for (const [index, { label, help }] of keys.entries()) {
    expect(rows[index]).toContain(label);
    expect(rows[index]).toContain(help);
  }
});

test('a recipe with faults cannot be chosen', () => {
  const context: KeyContext = { screen: 'home', overlay: 'none', scrollable: false };
  expect(actionOf('enter', context)).toBe('choose');
  expect(actionOf('enter', { ...context, blocked: true })).toBeNull();
});

test('keys are named by what they are', () => {
  const none = {
    upArrow: false,
    downArrow: false,
    pageUp: false,
    pageDown: false,
    return: false,
    escape: false,
    ctrl: false,
    meta: false,
  };
  expect(keyNames('', { ...none, upArrow: true })).toEqual(['up']);
  expect(keyNames('c', { ...none, ctrl: true })).toEqual(['ctrl-c']);
  expect(keyNames('\r', { ...none, return: true })).toEqual(['enter']);
  expect(keyNames(' ', none)).toEqual(['space']);
  expect(keyNames('jjG\r\u0003', none)).toEqual(['j', 'j', 'G', 'enter', 'ctrl-c']);
});

test('scrolling stays within the rows there are', () => {
  const extent = { rows: 30, height: 10 };
  const go = (...actions: Parameters<typeof reduceUi>[1][]) =>
    actions.reduce((ui, action) => reduceUi(ui, action, extent), initialUi).offset;
  expect(go('up')).toBe(0);
  expect(go('down', 'down', 'up')).toBe(1);
  expect(go('last')).toBe(20);
  expect(go('last', 'down', 'down', 'up')).toBe(19);
  expect(go('page-down')).toBe(5);
  expect(go('last', 'first')).toBe(0);
});
