import type { ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';

/** The part of pythonia that is used here; its own types are `any`. */
export type Pythonia = {
  readonly python: ((module: string) => Promise<unknown>) & { readonly exit: () => void };
  readonly builtins: { readonly sendInspect: (value: boolean) => Promise<unknown> };
  readonly com: {
    readonly proc: ChildProcess;
    readonly handlers: Record<
      string,
      (reply: { readonly r: string; readonly key: string; readonly sig: string }) => void
    >;
  };
};

const require = createRequire(import.meta.url);

/**
 * Loads pythonia afresh, which starts `program` as its Python, synchronously: listeners that the caller adds at
 * once come before the first event of the process. Each load has a Python of its own.
 */
export const loadPythonia = (program: string): Pythonia => {
  const { PYTHON_BIN, DEBUG } = process.env;
  const restore = (name: string, value: string | undefined) => {
    if (value === undefined) delete process.env[name];
    else process.env[name] = value;
  };
  process.env.PYTHON_BIN = program;
  // With DEBUG set it would print every message on the terminal.
  delete process.env.DEBUG;
  try {
    delete require.cache[require.resolve('pythonia')];
    return require('pythonia') as Pythonia;
  } finally {
    restore('PYTHON_BIN', PYTHON_BIN);
    restore('DEBUG', DEBUG);
  }
};
