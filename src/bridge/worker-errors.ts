import { type ExitCode, exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';
import { type WorkerErrorCode, WorkerErrorData, workerErrorNumber } from '../protocol/messages.js';

/** The exit code of each failure that the worker reports. */
const exitCodeOf: Readonly<Record<WorkerErrorCode, ExitCode>> = {
  cancelled: exitCodes.interrupted,
  'data-invalid': exitCodes.failed,
  'file-changed': exitCodes.integrity,
  'inputs-differ': exitCodes.incompatible,
  internal: exitCodes.bug,
  'model-unloadable': exitCodes.failed,
  'no-device': exitCodes.failed,
  'no-space': exitCodes.noSpace,
  'non-finite': exitCodes.integrity,
  'out-of-memory': exitCodes.outOfMemory,
  'package-missing': exitCodes.failed,
  'plan-invalid': exitCodes.bug,
  'protocol-mismatch': exitCodes.bug,
  'read-failed': exitCodes.integrity,
  'write-failed': exitCodes.noSpace,
};

/** A Python traceback in the place where a debug view looks for a stack. */
const tracebackCause = (traceback: string): Error => {
  const cause = new Error('Python traceback');
  cause.stack = printable(traceback);
  return cause;
};

/** What a JSON-RPC error response of the worker means to the user. */
export const workerError = (response: {
  readonly code: number;
  readonly message: string;
  readonly data?: unknown;
}): UserError => {
  const data = WorkerErrorData.safeParse(response.data);
  if (response.code !== workerErrorNumber || !data.success)
    return new UserError({
      code: 'protocol-violation',
      message: printable(`The worker refused a request: ${response.message} (${response.code}).`),
      exitCode: exitCodes.bug,
      cause: response,
    });
  const { code, hint, traceback } = data.data;
  return new UserError({
    code,
    message: printable(response.message),
    hint: hint === null ? undefined : printable(hint),
    exitCode: exitCodeOf[code],
    cause: traceback === null ? undefined : tracebackCause(traceback),
  });
};
