import { expect, test, vi } from 'vitest';
import { runSession } from '../../src/cli/session.js';
import { recorded } from '../tui/events.js';
import { streamsOf, VirtualKeyboard, VirtualTerminal } from '../tui/virtual-terminal.js';

test('the scores are printed after the dashboard is left, and where the model is', async () => {
  const terminal = new VirtualTerminal(100, 40);
  const keyboard = new VirtualKeyboard();
  const { stdout, stdin } = streamsOf(terminal, keyboard);
  const context = { env: { TERM: 'xterm', LANG: 'C.UTF-8' }, cwd: '/', stdout, stderr: stdout, stdin };
  const about = { title: 'merge', recipe: 'ties.yml', output: 'out/ties' };
  const ended = runSession(context, {}, about, async ({ emit }) => {
    for (const event of recorded) if (event.type === 'published' || event.type === 'evaluation-finished') emit(event);
  });
  await vi.waitFor(() => expect(terminal.text()).toContain('finished'), { timeout: 30_000 });
  expect(terminal.alternate).toBe(true);
  keyboard.press('q');
  expect(await ended).toBe(0);
  expect(terminal.alternate).toBe(false);
  const left = terminal.raw.slice(terminal.raw.lastIndexOf('\u001b[?1049l'));
  const { scoreboard } = recorded.find((event) => event.type === 'evaluation-finished') ?? {};
  for (const { model } of scoreboard?.rows ?? []) expect(left).toContain(model.split('/').at(-1));
  expect(left).toContain('published');
});
