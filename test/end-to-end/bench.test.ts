import { spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { noTorch, titled } from '../bridge/python.js';
import { cliEnvironment, root } from '../helpers/cli.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const script = join(root, 'scripts/bench.mjs');

const start = (args: readonly string[]) =>
  spawn(process.execPath, [script, '--size', '10M', '--dir', folder, ...args], { cwd: root, env: cliEnvironment() });

const finish = (child: ReturnType<typeof start>) =>
  new Promise<{ code: number | null; stdout: string; stderr: string }>((resolve) => {
    const text = { stdout: '', stderr: '' };
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text.stdout += more;
    });
    child.stderr.setEncoding('utf8').on('data', (more: string) => {
      text.stderr += more;
    });
    child.once('close', (code) => resolve({ code, ...text }));
  });

const bench = (...args: string[]) => finish(start(args));
const results = join(folder, 'results-10M.jsonl');
const methodsIn = (table: string) => [...table.matchAll(/^\| (\w+) /gm)].flatMap(([, name]) => name ?? []);

test.skipIf(noTorch)(
  titled('the benchmark prints a row per method, goes on where it was, and shows the profile', noTorch),
  async () => {
    const flags = ['--rounds', '1', '--no-mergekit', '--keep'];
    const first = await bench('--methods', 'linear', ...flags);
    expect(first.code, first.stderr).toBe(0);
    expect(methodsIn(first.stdout)).toEqual(['method', 'linear']);
    const linear = readFileSync(results, 'utf8');

    const more = await bench('--methods', 'linear,ties', ...flags, '--continue');
    expect(more.code, more.stderr).toBe(0);
    expect(methodsIn(more.stdout)).toEqual(['method', 'linear', 'ties']);
    expect(readFileSync(results, 'utf8').startsWith(linear)).toBe(true);
    expect(readFileSync(results, 'utf8').trim().split('\n')).toHaveLength(2);

    const { code, stdout } = await bench('--table', results);
    expect([code, stdout]).toEqual([0, more.stdout]);

    const profile = await bench('--profile', 'ties', '--rounds', '1', '--keep');
    expect(profile.code, profile.stderr).toBe(0);
    expect(methodsIn(profile.stdout)).toEqual(['method', 'ties']);
    expect(readdirSync(folder).sort()).toEqual(['10M', 'results-10M.jsonl']);
  },
);

test.skipIf(noTorch || process.platform === 'win32')(
  titled('a signal ends the benchmark and what it runs, and loses only the round', noTorch),
  async () => {
    const child = start(['--methods', 'linear', '--rounds', '1000', '--no-mergekit', '--keep']);
    const ended = finish(child);
    await new Promise<void>((resolve) => {
      child.stderr.on('data', (text: string) => {
        if (String(text).includes('round 1:')) resolve();
      });
    });
    child.kill('SIGINT');
    const { code, stderr } = await ended;
    expect(code, stderr).toBe(130);
    expect(stderr).toContain('--continue');
    expect(readFileSync(results, 'utf8')).toMatch(/^\{.*\}\n/);
    expect(readdirSync(folder).filter((name) => !name.endsWith('.jsonl'))).toEqual(['10M']);
  },
);

test('mistakes in the arguments are told with the usage', async () => {
  for (const [args, words] of [
    [['--methods', 'liner'], 'no method liner'],
    [['--rounds', '0'], '--rounds 0'],
    [['--unheard-of'], '--unheard-of'],
    [['ties'], 'what is ties?'],
  ] as const) {
    const { code, stderr } = await bench(...args);
    expect([code, stderr.includes(words), stderr.includes('npm run bench')]).toEqual([2, true, true]);
  }
});
