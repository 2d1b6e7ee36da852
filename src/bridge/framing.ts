import { Transform } from 'node:stream';
import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';

/** The largest answer, scores of a hundred thousand examples, is a few megabytes. */
const maxFrameBytes = 64 * 1024 * 1024;
const maxHeaderBytes = 128;
const headerStart = 'Content-Length:';

/** The worker broke the protocol, which is our bug and never the user's. */
export const protocolViolation = (message: string, cause?: unknown): UserError =>
  new UserError({ code: 'protocol-violation', message: printable(message), exitCode: exitCodes.bug, cause });

const badHeader = (header: string) =>
  protocolViolation(`The worker wrote something that is not a message: ${JSON.stringify(header.slice(0, 200))}.`);

/** Length that a complete header announces, null while it is incomplete; throws on anything else. */
const announcedLength = (header: string): number | null => {
  if (!header.endsWith('\r\n\r\n')) {
    const start = header.slice(0, headerStart.length);
    if (!headerStart.startsWith(start) || header.length > maxHeaderBytes) throw badHeader(header);
    return null;
  }
  const length = /^Content-Length: *(\d{1,10})\r\n\r\n$/.exec(header)?.[1];
  if (length === undefined) throw badHeader(header);
  if (Number(length) > maxFrameBytes)
    throw protocolViolation(`The worker announced a message of ${length} bytes; the limit is ${maxFrameBytes}.`);
  return Number(length);
};

/**
 * Passes Content-Length frames on unchanged and fails at the first byte that belongs to none.
 *
 * The JSON-RPC reader alone would wait forever for the end of a header when a stray print precedes it.
 */
export const checkFrames = (): Transform => {
  let header = '';
  let bodyLeft = 0;
  const check = (chunk: Buffer) => {
    let at = 0;
    while (at < chunk.length) {
      if (bodyLeft > 0) {
        const taken = Math.min(bodyLeft, chunk.length - at);
        bodyLeft -= taken;
        at += taken;
        continue;
      }
      const end = chunk.indexOf('\n', at);
      const next = end === -1 ? chunk.length : end + 1;
      header += chunk.toString('latin1', at, next);
      at = next;
      const length = announcedLength(header);
      if (length === null) continue;
      bodyLeft = length;
      header = '';
    }
  };
  return new Transform({
    transform(chunk: Buffer, _encoding, done) {
      try {
        check(chunk);
        done(null, chunk);
      } catch (error) {
        done(error as Error);
      }
    },
  });
};
