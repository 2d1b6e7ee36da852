import { describe, expect, test } from 'vitest';
import type { PlanSummary } from '../../src/events.js';
import { createStyle } from '../../src/report/style.js';
import { firstShown } from '../../src/tui/home-layout.js';
import { openHome } from '../../src/tui/open-home.js';
import { createPreviews, type PreviewResult } from '../../src/tui/previews.js';
import { faultWith } from '../report/faults.js';
import { recorded } from './events.js';
import { streamsOf, until, VirtualKeyboard, VirtualTerminal } from './virtual-terminal.js';

const planned = recorded.find((event) => event.type === 'plan-ready');
const summary = planned?.type === 'plan-ready' ? planned.plan : null;
const summaryOf = (method: string): PlanSummary | null =>
  summary === null ? null : { ...summary, method: `${method}-method` };

const recipes = [
  { path: 'configs/ties.yml', title: 'TIES of three', dialect: 'mergekit', method: 'ties' },
  { path: 'configs/broken.yml', title: '壊れた', dialect: 'mergekit' },
  { path: 'configs/kit.yml', title: 'Kit \u001b[2J', dialect: 'starter kit', method: 'linear' },
];

const preview = async (path: string): Promise<PreviewResult> => {
  if (path.includes('broken')) return { summary: null, faults: [faultWith({}), faultWith({ severity: 'warning' })] };
  if (path.includes('kit')) throw new Error('disk on fire');
  return { summary: summaryOf('ties'), faults: [] };
};

const home = (columns: number, rows: number, options: { recipes?: typeof recipes; preview?: typeof preview } = {}) => {
  const terminal = new VirtualTerminal(columns, rows);
  const keyboard = new VirtualKeyboard();
  const chosen = openHome({
    ...streamsOf(terminal, keyboard),
    recipes,
    preview,
    version: '1.2.3',
    style: createStyle({ colour: false, unicode: true }),
    ...options,
  });
  const shows = (text: string) => until(() => terminal.text().includes(text), `the screen shows ${text}`);
  const press = async (data: string) => {
    await until(() => keyboard.listenerCount('readable') > 0, 'the keyboard is listened to');
    keyboard.press(data);
  };
  return { terminal, keyboard, chosen, shows, press };
};

describe.each([
  [80, 24],
  [160, 45],
])('the home screen at %i by %i', (columns, rows) => {
  test('lists the recipes and shows what the chosen one would do', async () => {
    const { terminal, shows, press, chosen } = home(columns, rows);
    await shows('ties-method');
    expect(terminal.text()).toContain('❯ TIES of three');
    expect(terminal.text()).toContain('壊れた');
    expect(terminal.text()).toContain('ready to merge');
    await press('q');
    expect(await chosen).toBeNull();
    expect(terminal).toMatchObject({ alternate: false, cursor: true, wrapped: 0 });
  });

  test('starts the chosen one on enter', async () => {
    const { shows, press, chosen } = home(columns, rows);
    await shows('ties-method');
    await press('\r');
    expect(await chosen).toBe('configs/ties.yml');
  });

  test('shows faults and does not start a recipe that has some', async () => {
    const { terminal, shows, press, chosen } = home(columns, rows);
    await press('j');
    await shows('error[unknown-key]');
    expect(terminal.text()).toContain('✘ 1 error, 1 warning');
    expect(terminal.text()).not.toContain('enter merge');
    await press('\r');
    await press('k');
    await shows('ties-method');
    await press('\r');
    expect(await chosen).toBe('configs/ties.yml');
  });

  test('tells why there is no plan', async () => {
    const { shows, press, chosen, keyboard } = home(columns, rows);
    await press('G');
    await shows('disk on fire');
    await press('\u0003');
    expect(await chosen).toBeNull();
    expect(keyboard.raw).toBe(false);
  });

  test('has its keys listed', async () => {
    const { shows, press, chosen, terminal } = home(columns, rows);
    await shows('ties-method');
    await press('?');
    await shows('start the chosen recipe');
    await press('q');
    await until(() => !terminal.text().includes('start the chosen recipe'), 'the list is closed');
    await press('\u001b[B');
    await shows('error[unknown-key]');
    await press('q');
    await chosen;
  });
});

test('nothing overflows, whatever the size', async () => {
  const many = Array.from({ length: 60 }, (_, index) => ({
    path: `configs/${index}.yml`,
    title: `recipe ${index} ${'日本語'.repeat(30)}`,
    dialect: 'mergekit',
    method: `method-${'x'.repeat(index)}`,
  }));
  for (const [columns, rows] of [
    [20, 6],
    [40, 10],
    [80, 24],
    [100, 16],
    [160, 45],
    [250, 70],
  ] as const) {
    const { terminal, shows, press, chosen } = home(columns, rows, { recipes: many });
    await press('G');
    await shows('❯ recipe 59');
    terminal.resize(rows, columns);
    terminal.resize(columns, rows);
    await shows('❯ recipe 59');
    expect(terminal.lines()[rows - 1]).toBe('');
    expect(terminal.wrapped).toBe(0);
    await press('q');
    await chosen;
  }
});

test('without recipes it says how to get one', async () => {
  const { shows, press, chosen, terminal } = home(80, 24, { recipes: [] });
  await shows('No recipes found here');
  await press('\r');
  expect(terminal.alternate).toBe(true);
  await press('q');
  expect(await chosen).toBeNull();
});

test('a preview is made once, one at a time, and not for what was passed over', async () => {
  const made: string[] = [];
  const waiting: (() => void)[] = [];
  const previews = createPreviews((path) => {
    made.push(path);
    return new Promise((resolve) => waiting.push(() => resolve({ summary: null, faults: [] })));
  });
  for (const path of ['a', 'b', 'c', 'd']) previews.want(path);
  expect(made).toEqual(['a']);
  waiting[0]?.();
  await until(() => made.length === 2, 'the next is made');
  expect(made).toEqual(['a', 'd']);
  waiting[1]?.();
  await until(() => previews.snapshot().has('d'), 'it is known');
  for (const path of ['a', 'd']) previews.want(path);
  expect(made).toEqual(['a', 'd']);
});

test('the chosen recipe is always in view', () => {
  for (let selected = 0; selected < 30; selected += 1) {
    const first = firstShown(selected, 30, 7);
    expect(first).toBeGreaterThanOrEqual(0);
    expect(first).toBeLessThanOrEqual(23);
    expect(selected).toBeGreaterThanOrEqual(first);
    expect(selected).toBeLessThan(first + 7);
  }
});
