import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { RunEvent } from '../../src/events.js';

export const root = fileURLToPath(new URL('../..', import.meta.url));
const bin = fileURLToPath(new URL('../../scripts/amalgam.mjs', import.meta.url));

/** The environment of a command under test: no dashboard, no Hub, the interpreter that the tests were given. */
export const cliEnvironment = (changes: NodeJS.ProcessEnv = {}): NodeJS.ProcessEnv => ({
  ...process.env,
  ...(process.env.AMALGAM_TEST_PYTHON && { AMALGAM_PYTHON: process.env.AMALGAM_TEST_PYTHON }),
  CI: 'true',
  NO_COLOR: '1',
  HF_HUB_OFFLINE: '1',
  ...changes,
});

export type Finished = {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The events on stdout, where they were asked for. */
  readonly events: readonly RunEvent[];
};

const parseEvents = (stdout: string): RunEvent[] =>
  stdout.split('\n').flatMap((line) => (line.startsWith('{"type"') ? [RunEvent.parse(JSON.parse(line))] : []));

export type CliOptions = {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Called with each event of `--json` while the command runs. */
  readonly onEvent?: (event: RunEvent, child: ChildProcess) => void;
};

/** Runs the built command line to its end. */
export const runCli = (
  args: readonly string[],
  { cwd = root, env = {}, onEvent }: CliOptions = {},
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [bin, ...args], {
      cwd,
      env: cliEnvironment(env),
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let stdout = '';
    let stderr = '';
    let seen = 0;
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      stdout += text;
      const whole = stdout.lastIndexOf('\n') + 1;
      if (onEvent !== undefined) for (const event of parseEvents(stdout.slice(seen, whole))) onEvent(event, child);
      seen = whole;
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    child.on('error', reject);
    child.on('close', (code, signal) => resolve({ code, signal, stdout, stderr, events: parseEvents(stdout) }));
  });

/** Process numbers of a process's children. */
export const childrenOf = (pid: number): number[] =>
  readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ').filter(Boolean).map(Number);
