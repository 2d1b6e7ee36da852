import { type CancellationToken, CancellationTokenSource } from 'vscode-jsonrpc/node';
import { exitCodes, UserError } from '../errors.js';

/** The failure of an aborted request: the abort's own reason where that is an error for the user. */
export const cancelledError = (signal: AbortSignal): UserError =>
  signal.reason instanceof UserError
    ? signal.reason
    : new UserError({
        code: 'cancelled',
        message: 'Cancelled.',
        exitCode: exitCodes.interrupted,
        cause: signal.reason,
      });

export type LinkedToken = { readonly token: CancellationToken; readonly unlink: () => void };

/** A token that asks the worker to stop (`$/cancelRequest`) when `signal` is aborted. */
export const linkToken = (signal: AbortSignal | undefined): LinkedToken => {
  const source = new CancellationTokenSource();
  const cancel = () => source.cancel();
  signal?.addEventListener('abort', cancel, { once: true });
  return {
    token: source.token,
    unlink: () => {
      signal?.removeEventListener('abort', cancel);
      source.dispose();
    },
  };
};
