import { constants } from 'node:os';
import { execa } from 'execa';
import { settlesWithin } from './settles-within.js';
import { stderrTail } from './stderr-tail.js';
import type { Transport } from './transport.js';
import { pythonFolder, workerEnvironment } from './worker-environment.js';

/** How a process came to its end. */
export type ProcessEnd = {
  readonly exitCode: number | undefined;
  readonly signal: string | undefined;
  /** Why it never started: `ENOENT`, `EACCES`, …; undefined where it did. */
  readonly startFailure: string | undefined;
  /** It was this side that ended it. */
  readonly stopped: boolean;
};

export type PythonProcess = {
  readonly pid: number | undefined;
  readonly transport: Transport;
  /** Fulfilled when the process is gone and its output is read; never rejected. */
  readonly ended: Promise<ProcessEnd>;
  readonly stderr: () => string;
  /** Closes stdin, which asks the worker to leave, and signals its process group if it does not. */
  readonly close: (graceMilliseconds?: number) => Promise<ProcessEnd>;
  /** Kills the whole process group at once. */
  readonly kill: () => void;
};

export type StartPythonOptions = {
  /** Interpreter to run. */
  readonly python: string;
  /** What follows the interpreter's own flags. */
  readonly entry: readonly string[];
  readonly environment: NodeJS.ProcessEnv;
  /** Whether it may reach the Hub, with the user's token. */
  readonly online?: boolean | undefined;
  readonly onStderrLine?: ((line: string) => void) | undefined;
};

/** Time that orphaned output pipes get after the process itself is gone. */
const drainMilliseconds = 500;
const terminateMilliseconds = 1_000;

/** Shells report a signal of their child as an exit code of 128 + its number. */
const signalOfExitCode = (exitCode: number | undefined): string | undefined =>
  Object.entries(constants.signals).find(([, number]) => exitCode === 128 + number)?.[0];

/** Starts Python as the leader of a process group of its own, so that Ctrl-C reaches it only through us. */
export const startPython = ({
  python,
  entry,
  environment,
  online,
  onStderrLine,
}: StartPythonOptions): PythonProcess => {
  const subprocess = execa(python, ['-u', '-X', 'faulthandler', ...entry], {
    // Versions without PYTHONSAFEPATH (3.10) import from the working directory: let that be our own folder.
    cwd: pythonFolder,
    env: workerEnvironment(environment, online),
    extendEnv: false,
    stdin: 'pipe',
    stdout: 'pipe',
    stderr: 'pipe',
    buffer: false,
    encoding: 'buffer',
    reject: false,
    detached: true,
    cleanup: false,
  });
  const tail = stderrTail(onStderrLine);
  subprocess.stderr.on('data', tail.write);
  // Writing to a worker that has just died fails here too; `ended` tells about it.
  subprocess.stdin.on('error', () => {});

  let alive = subprocess.pid !== undefined;
  let stopped = false;
  const signalGroup = (signal: NodeJS.Signals) => {
    if (!alive || subprocess.pid === undefined) return;
    try {
      process.kill(-subprocess.pid, signal);
    } catch {
      // The group is already gone.
    }
  };
  const killGroup = () => signalGroup('SIGKILL');
  const stopGroup = (signal: NodeJS.Signals) => {
    stopped = stopped || alive;
    signalGroup(signal);
  };

  process.once('exit', killGroup);
  const exited = new Promise<void>((resolve) => {
    subprocess.once('exit', () => {
      // Its children hold its pipes open and have nobody to answer to.
      killGroup();
      alive = false;
      process.off('exit', killGroup);
      resolve();
    });
  });
  const whole = Promise.resolve(subprocess);
  const ended = Promise.race([whole, exited])
    .then(() => settlesWithin(whole, drainMilliseconds))
    .then(async (drained): Promise<ProcessEnd> => {
      process.off('exit', killGroup);
      tail.end();
      const failed = drained ? (await whole).code : undefined;
      subprocess.stdout.destroy();
      const exitCode = subprocess.exitCode ?? undefined;
      return {
        exitCode,
        signal: subprocess.signalCode ?? signalOfExitCode(exitCode),
        startFailure: subprocess.pid === undefined ? (failed ?? 'unknown') : undefined,
        stopped,
      };
    });

  return {
    pid: subprocess.pid,
    transport: { readable: subprocess.stdout, writable: subprocess.stdin },
    ended,
    stderr: tail.text,
    close: async (graceMilliseconds = 3_000) => {
      subprocess.stdin.end();
      if (!(await settlesWithin(exited, graceMilliseconds))) stopGroup('SIGTERM');
      if (!(await settlesWithin(exited, terminateMilliseconds))) stopGroup('SIGKILL');
      return ended;
    },
    kill: () => stopGroup('SIGKILL'),
  };
};
