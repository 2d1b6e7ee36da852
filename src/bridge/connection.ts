import { pipeline } from 'node:stream';
import {
  ConnectionError,
  createMessageConnection,
  ErrorCodes,
  ResponseError,
  StreamMessageReader,
  StreamMessageWriter,
} from 'vscode-jsonrpc/node';
import { exitCodes, UserError } from '../errors.js';
import {
  agreedNotification,
  agreedResult,
  type NotificationName,
  type NotificationParams,
  notificationNames,
  type RequestName,
  type RequestParams,
  type RequestResult,
} from './agreed-messages.js';
import { cancelledError, linkToken } from './cancellation.js';
import { checkFrames, protocolViolation } from './framing.js';
import type { Transport } from './transport.js';
import { workerError } from './worker-errors.js';

export type Connection = {
  /** Rejects with a UserError: the worker's, the abort's, or the reason why the connection broke. */
  readonly request: <Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    options?: { readonly signal?: AbortSignal | undefined },
  ) => Promise<RequestResult<Name>>;
  /** Returns a function that takes the listener away again. */
  readonly onNotification: <Name extends NotificationName>(
    name: Name,
    listener: (params: NotificationParams<Name>) => void,
  ) => () => void;
  /** Fulfilled with the reason once the connection is of no more use; never rejected. */
  readonly broken: Promise<Error>;
  /** Rejects everything pending and all later requests with `reason`. */
  readonly close: (reason: Error) => void;
};

const closedByPeer = () =>
  new UserError({ code: 'worker-died', message: 'The worker closed the connection.', exitCode: exitCodes.failed });

/**
 * Speaks the typed protocol over `transport`. No request outlives the connection: when the peer goes away
 * all pending ones reject with what `explainClose` says.
 */
export const connect = (
  { readable, writable }: Transport,
  { explainClose = async () => closedByPeer() }: { readonly explainClose?: () => Promise<Error> } = {},
): Connection => {
  const listeners = new Map<NotificationName, Set<(params: never) => void>>();
  const frames = checkFrames();
  let failure: Error | undefined;
  let settleBroken: (reason: Error) => void = () => {};
  const broken = new Promise<Error>((resolve) => {
    settleBroken = resolve;
  });

  const fail = (reason: Error) => {
    if (failure !== undefined) return;
    failure = reason;
    settleBroken(reason);
    rpc.dispose();
  };
  const failByClose = () => {
    explainClose().then(fail, fail);
  };
  const complain = (message: string) => fail(protocolViolation(`The worker broke the protocol: ${message}`));

  const reader = new StreamMessageReader(frames);
  // Its timer for half-received messages would keep Node alive after the worker died in one.
  reader.partialMessageTimeout = 0;
  const rpc = createMessageConnection(reader, new StreamMessageWriter(writable), {
    // Everything that it calls an error is a message it cannot use, or one it could not send.
    error: (message) => (message.startsWith('Sending') ? failByClose() : complain(message)),
    warn: () => {},
    info: () => {},
    log: () => {},
  });
  rpc.onClose(failByClose);
  rpc.onError(([error]) => {
    if (error instanceof UserError) fail(error);
    else if (error instanceof SyntaxError) complain(error.message);
    else failByClose();
  });
  rpc.onUnhandledNotification(({ method }) => complain(`unknown notification "${method}".`));
  for (const name of notificationNames) {
    rpc.onNotification(name, (params: unknown) => {
      try {
        const agreed = agreedNotification(name, params);
        for (const listener of listeners.get(name) ?? []) listener(agreed as never);
      } catch (error) {
        fail(error as Error);
      }
    });
  }
  pipeline(readable, frames, () => {});
  rpc.listen();

  const respond = async <Name extends RequestName>(
    name: Name,
    params: RequestParams<Name>,
    signal: AbortSignal | undefined,
  ): Promise<RequestResult<Name>> => {
    const { token, unlink } = linkToken(signal);
    try {
      const result: unknown = await Promise.race([
        rpc.sendRequest(name, params, token),
        broken.then((reason) => Promise.reject(reason)),
      ]);
      return agreedResult(name, result);
    } catch (error) {
      if (failure !== undefined) throw failure;
      const unsent =
        error instanceof ConnectionError || (error as { code?: unknown }).code === ErrorCodes.MessageWriteError;
      if (error instanceof ResponseError && !unsent) throw workerError(error);
      if (unsent) failByClose();
      else fail(error as Error);
      throw await broken;
    } finally {
      unlink();
    }
  };

  return {
    request: async (name, params, { signal } = {}) => {
      if (signal?.aborted) throw cancelledError(signal);
      if (failure !== undefined) throw failure;
      // An aborted request never succeeds, even where the answer and the abort crossed.
      return respond(name, params, signal).then(
        (result) => (signal?.aborted ? Promise.reject(cancelledError(signal)) : result),
        (error) => Promise.reject(signal?.aborted ? cancelledError(signal) : error),
      );
    },
    onNotification: (name, listener) => {
      const registered = listeners.get(name) ?? new Set();
      listeners.set(name, registered.add(listener));
      return () => registered.delete(listener);
    },
    broken,
    close: (reason) => {
      fail(reason);
      writable.end();
    },
  };
};
