import { describe, expect, it } from 'vitest';
import { connect } from '../../src/bridge/connection.js';
import { linkedTransports } from '../../src/bridge/transport.js';
import { exitCodes } from '../../src/errors.js';
import { mergeParams, mergeResult } from './fake-peer.js';
import { rejection } from './rejection.js';

const frame = (text: string) => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`;
const answer = JSON.stringify({ jsonrpc: '2.0', id: 0, result: { ...mergeResult, device: 'cpu – Größe 漢字' } });

const requestAnsweredBy = (write: (bytes: (chunk: string | Uint8Array) => void) => void) => {
  const [ours, theirs] = linkedTransports();
  const outcome = connect(ours).request('merge', mergeParams);
  write((chunk) => theirs.writable.write(chunk));
  return outcome;
};

describe('frames', () => {
  it('are put together from single bytes', async () => {
    const bytes = Buffer.from(frame(answer));
    const result = await requestAnsweredBy((write) => {
      for (const byte of bytes) write(Uint8Array.of(byte));
    });
    expect(result.device).toBe('cpu – Größe 漢字');
  });

  it('may share a chunk', async () => {
    const log = JSON.stringify({ jsonrpc: '2.0', method: 'log', params: { level: 'info', message: 'a' } });
    const result = await requestAnsweredBy((write) => write(frame(log) + frame(log) + frame(answer)));
    expect(result.tensors).toBe(mergeResult.tensors);
  });

  it.each([
    ['a print before the message', `loading\n${frame(answer)}`, 'loading'],
    ['a print and nothing else', 'loading', 'loading'],
    ['an escape sequence', '\u001b[2J\n', '\\u001b[2J'],
    ['a length that is no number', 'Content-Length: many\r\n\r\n{}', 'many'],
    ['a header that does not end', `Content-Length: ${'1'.repeat(500)}`, 'Content-Length'],
    ['another header', 'Content-Length: 2\r\nX-Other: 1\r\n\r\n{}', 'X-Other'],
    ['a message of a gigabyte', 'Content-Length: 1000000000\r\n\r\n', '1000000000'],
    ['a body that is not JSON', frame('{"jsonrpc"'), 'JSON'],
    ['an empty body', frame(''), 'JSON'],
    ['a body that is no message', frame('[1, 2]'), 'neither'],
    ['NaN', frame('{"jsonrpc": "2.0", "id": 0, "result": NaN}'), 'JSON'],
  ])('with %s are a bug, not a hang', async (_name, bytes, shown) => {
    const error = await rejection(requestAnsweredBy((write) => write(bytes)));
    expect(error).toMatchObject({ code: 'protocol-violation', exitCode: exitCodes.bug });
    expect((error as Error).message).toContain(shown);
    expect((error as Error).message).not.toContain('\u001b');
  });

  it('after a break are ignored', async () => {
    const error = await rejection(requestAnsweredBy((write) => write(`x${frame(answer)}`)));
    expect(error).toMatchObject({ code: 'protocol-violation' });
  });
});
