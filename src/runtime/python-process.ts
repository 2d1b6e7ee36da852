import { availableParallelism } from 'node:os';

export type PythonRun = {
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly timeout: number;
  /** Called with every line of standard output and standard error. */
  readonly onLine?: ((line: string) => void) | undefined;
};

export type PythonResult = {
  readonly ok: boolean;
  readonly stdout: string;
  readonly stderr: string;
  /** Why it did not end well, in a few words. */
  readonly fault: string;
};

/**
 * The environment to start someone's Python with: no foreign search paths, no byte code written beside their
 * packages.
 */
export const cleanPythonEnvironment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => {
  const {
    PYTHONPATH: _path,
    PYTHONHOME: _home,
    PYTHONSTARTUP: _startup,
    __PYVENV_LAUNCHER__: _launcher,
    ...rest
  } = env;
  return { ...rest, PYTHONDONTWRITEBYTECODE: '1' };
};

/** Runs an interpreter to its end; a failure is a result, not an exception. */
export const runPython = async (
  executable: string,
  { args, env, timeout, onLine }: PythonRun,
): Promise<PythonResult> => {
  // Loaded only here: a run that remembers its environment starts no process.
  const { execa } = await import('execa');
  const child = execa(executable, args, {
    env: cleanPythonEnvironment(env),
    extendEnv: false,
    stdin: 'ignore',
    reject: false,
    timeout,
    all: onLine !== undefined,
  });
  if (onLine) for await (const line of child.iterable({ from: 'all' })) onLine(line);
  const { stdout, stderr, failed, timedOut, exitCode, signal, code } = await child;
  const fault = timedOut
    ? `no answer within ${timeout / 1000} s`
    : (code ?? (signal ? `ended by ${signal}` : `exit code ${exitCode}`));
  return { ok: !failed, stdout, stderr, fault: failed ? fault : '' };
};

/** Maps with a bounded number of tasks at once, keeping the order. */
export const mapParallel = async <Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  width: number = 2 * availableParallelism(),
): Promise<Result[]> => {
  const results: Result[] = new Array(items.length);
  const queue = items.entries();
  const take = async (): Promise<void> => {
    for (const [index, item] of queue) results[index] = await work(item);
  };
  await Promise.all(Array.from({ length: Math.min(width, items.length) }, take));
  return results;
};
