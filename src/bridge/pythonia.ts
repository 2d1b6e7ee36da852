import { existsSync, readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import { printable } from '../format.js';
import { liveReply } from './live-reply.js';
import { loadPythonia, type Pythonia } from './pythonia-module.js';
import { quietPython } from './quiet-python.js';
import { settlesWithin } from './settles-within.js';
import { lastWords } from './worker-death.js';

export type LivePythonOptions = {
  readonly python: string;
  /** Receives everything that Python prints. */
  readonly logFile: string;
  /** Folders to import modules from, before the interpreter's own. */
  readonly importFrom?: readonly string[];
};

/** An interactive Python: its imports and its state last from call to call. */
export type LivePython = {
  readonly pid: number;
  /**
   * `module.fn(...args)`, one call after the other. Arguments and results are JSON values; a result that is none
   * (NaN, a tensor) is an error. Rejects with a UserError when Python raises, dies or is closed.
   */
  readonly call: (module: string, fn: string, args: readonly unknown[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
};

type LiveModule = {
  readonly invoke$: (module: string, fn: string, args: string, options: { $timeout: number }) => Promise<string>;
};

const closeMilliseconds = 2_000;
const exitMilliseconds = 1_000;

const shellMeanings: Readonly<Record<number, string>> = {
  126: 'it is not executable',
  127: 'there is no such program',
};

/** pythonia notices no death of its Python: everything that waits for an answer has to be told. */
const failWaiting = ({ com }: Pythonia) => {
  for (const [r, handler] of Object.entries(com.handlers)) {
    if (r === 'jsi') continue;
    delete com.handlers[r];
    handler({ r, key: 'error', sig: '' });
  }
};

const closed = () => new UserError({ code: 'live-python-closed', message: 'The live Python session is closed.' });

/** Opens a session with the live objects of a Python process. It keeps Node running until it is closed. */
export const openLivePython = async ({ python, logFile, importFrom = [] }: LivePythonOptions): Promise<LivePython> => {
  const log = resolve(logFile);
  const logStart = existsSync(log) ? statSync(log).size : 0;
  let phase = 'could not start';
  const printed = () => (existsSync(log) ? readFileSync(log).subarray(logStart).toString() : '');
  const explain = (reason: string, words = lastWords(printed())) => {
    const lines = [`Live Python (${python}) ${phase}: ${reason}.`, ...words];
    return new UserError({
      code: 'live-python-died',
      message: printable(lines.join('\n  ')),
      hint: `what it printed is in ${log}`,
    });
  };

  const quiet = await quietPython({ python, logFile: log, importFrom: importFrom.map((folder) => resolve(folder)) });
  const bridge = loadPythonia(quiet.program);
  const { proc } = bridge.com;
  const kill = () => proc.kill('SIGKILL');
  process.once('exit', kill);

  let gone: UserError | undefined;
  const ended = new Promise<void>((resolveEnded) => {
    const end = (why: () => UserError) => {
      process.off('exit', kill);
      gone ??= why();
      failWaiting(bridge);
      resolveEnded();
    };
    proc.once('exit', (code, signal) => {
      const shellSays = shellMeanings[code ?? 0];
      if (shellSays !== undefined) end(() => explain(shellSays, []));
      else end(() => explain(signal === null ? `it left with exit code ${code}` : `it was ended by ${signal}`));
    });
    proc.on('error', async ({ message }) => {
      // Writing to a Python that is going away fails before its exit, which says more, is known.
      if (proc.pid !== undefined) await settlesWithin(ended, exitMilliseconds);
      end(() => explain(message));
    });
  });

  /** The answer, or the reason why there will be none. */
  const answerOf = async <Value>(ask: () => Promise<Value>): Promise<Value> => {
    if (gone !== undefined) throw gone;
    const answer = ask();
    await Promise.race([answer, ended]).catch(() => {});
    if (gone !== undefined) {
      answer.catch(() => {});
      throw gone;
    }
    return answer;
  };

  const close = async () => {
    gone ??= closed();
    if (proc.exitCode === null && proc.signalCode === null && proc.pid !== undefined) {
      bridge.python.exit();
      if (!(await settlesWithin(ended, closeMilliseconds))) kill();
    }
    await ended;
  };

  try {
    // Without this every answer would carry the repr() of its object.
    await answerOf(() => bridge.builtins.sendInspect(false));
    const live = (await answerOf(() => bridge.python('amalgam_worker.live'))) as LiveModule;
    phase = 'died';
    const options = () => ({ $timeout: Number.POSITIVE_INFINITY });
    return {
      pid: proc.pid ?? 0,
      call: async (module, fn, args) => {
        const text = await answerOf(() => live.invoke$(module, fn, JSON.stringify(args), options()));
        return liveReply(`${module}.${fn}`, text);
      },
      close,
    };
  } catch (error) {
    const reason = error instanceof UserError ? error : explain(String((error as Error).stack ?? error));
    await close();
    throw reason;
  } finally {
    await quiet.remove();
  }
};
