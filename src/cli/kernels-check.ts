import { z } from 'zod';
import { pythonFolder, workerEnvironment } from '../bridge/worker-environment.js';
import { printable } from '../format.js';
import { runPython } from '../runtime/python-process.js';
import type { Check } from './doctor-checks.js';

const Status = z.object({ state: z.enum(['ok', 'note', 'warning']), text: z.string(), fix: z.string().nullable() });

const script = 'import sys; sys.path.insert(0, sys.argv[1]); from amalgam_worker.native.status import main; main()';

/** Whether merges have compiled kernels; those that are there are compared with torch. */
export const checkKernels = async (python: string, env: NodeJS.ProcessEnv): Promise<Check> => {
  const name = 'kernels';
  const { ok, stdout, stderr, fault } = await runPython(python, {
    args: ['-c', script, pythonFolder],
    env: workerEnvironment(env),
    timeout: 60_000,
  });
  if (ok) return { name, ...Status.parse(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')) };
  const reason = printable(stderr.trim().split('\n').at(-1) || fault);
  return { name, state: 'warning', text: `cannot be looked at: ${reason}`, fix: null };
};
