import type { Emit } from '../events.js';
import { type PreparedPython, preparePython } from '../runtime/prepare.js';
import type { CliContext } from './context.js';

/** The Python to compute in, set up on the first use; each step of a set-up is told. */
export const pythonFor = ({ env, cwd }: CliContext, emit: Emit): Promise<PreparedPython> =>
  preparePython({ env, cwd, report: (step) => emit({ type: 'log', level: 'info', message: step }) });
