import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { download } from '../../src/hub/download.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';
import { emptyCache, openIn } from './session.js';

const hub = await startHub();
hub.publish('org/open', writeCheckpoint(temporaryFolder(), { tensors: { a: { dtype: 'F32', shape: [2] } } }));

afterEach(() => hub.intercept(null));

const failure = (reference: string, more: Record<string, string> = {}) =>
  failureOf(() => openIn(emptyCache(hub, more), reference));

describe('trouble is told in a sentence:', () => {
  const answer = (status: number, headers: Record<string, string> = {}, body = '') =>
    hub.intercept((_, response) => {
      response.writeHead(status, headers).end(body);
      return true;
    });

  test.each([
    ['Retry-After', { 'retry-after': '42' }, /try again in 42 s/],
    ['RateLimit', { ratelimit: '"api";r=0;t=125' }, /try again in 2 min 05 s/],
    ['nothing', {}, /try again later/],
  ])('too many requests, with the wait from %s', async (_, headers, message) => {
    answer(429, headers);
    const error = await failure('org/open');
    expect(error.code).toBe('hub-rate-limit');
    expect(error.message).toMatch(message);
    expect(error.message).toContain('org/open');
    expect(error.hint).toContain('token');
  });

  test.each([500, 502, 503, 504])('an answer of %i', async (status) => {
    answer(status);
    const { message, exitCode } = await failure('org/open');
    expect(message).toContain(`answers ${status}`);
    expect(exitCode).toBe(exitCodes.failed);
  });

  test('a portal that answers in place of the Hub', async () => {
    answer(200, { 'content-type': 'text/html' }, '<html>Sign in</html>');
    expect((await failure('org/open')).message).toContain('portal');
  });

  test('an answer without a commit', async () => {
    answer(200, { 'content-type': 'application/json' }, '{"_id":"1","id":"org/open","sha":"../../x"}');
    expect((await failure('org/open')).message).toContain('a commit');
  });

  test('a circle of redirects', async () => {
    hub.intercept(({ path }, response) => {
      response.writeHead(302, { location: path }).end();
      return true;
    });
    expect((await failure('org/open')).message).toContain('circle');
  });

  test('a server that sends whole files where ranges are asked', async () => {
    hub.intercept(({ server }, response) => {
      if (server === 'hub') return false;
      response.writeHead(200).write('x'.repeat(1000));
      return true;
    });
    const big = writeCheckpoint(temporaryFolder(), { tensors: { a: { dtype: 'F32', shape: [100_000] } } });
    hub.publish('org/big', big);
    expect((await failure('org/big')).code).toBe('hub-no-ranges');
  });

  test('a file that was listed and is gone', async () => {
    const env = emptyCache(hub);
    const { downloads } = await openIn(env, 'org/open');
    hub.intercept(({ path }, response) => {
      if (!path.includes('config.json')) return false;
      response.writeHead(404, { 'x-error-code': 'EntryNotFound' }).end();
      return true;
    });
    const error = await failureOf(() => download(downloads));
    expect([error.code, error.exitCode]).toEqual(['hub-no-file', exitCodes.notFound]);
    expect(error.message).toBe('org/open@main has no file config.json');
  });

  test('a host that refuses connections', async () => {
    const server = createTcpServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    await new Promise((resolve) => server.close(resolve));
    const { message, hint, exitCode } = await failure('org/open@v1', { HF_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(message).toBe(
      `org/open cannot be read from http://127.0.0.1:${port}: it refuses connections (ECONNREFUSED), and no access token is set`,
    );
    expect(hint).toMatch(/`hf download org\/open --revision v1`.*HF_HUB_OFFLINE=1/);
    expect(exitCode).toBe(exitCodes.notFound);
    const proxied = await failure('org/open', {
      HF_ENDPOINT: `http://127.0.0.1:${port}`,
      HTTPS_PROXY: 'http://user:secret@p',
    });
    expect(proxied.hint).toContain('HTTPS_PROXY is not used');
    expect(proxied.hint).not.toContain('secret');
  });

  test('a host whose name is unknown, within three seconds', async () => {
    const started = performance.now();
    const { code, message } = await failure('org/open', { HF_ENDPOINT: 'https://hub.invalid' });
    expect(code).toBe('hub-unreachable');
    expect(message).toContain('https://hub.invalid');
    expect(performance.now() - started).toBeLessThan(3000);
  });

  test('a host that takes the connection and never answers', async () => {
    hub.intercept(() => true);
    const { code } = await failure('org/open', { HF_HUB_ETAG_TIMEOUT: '0.2' });
    expect(code).toBe('hub-silent');
  });

  test('a stop of the user is no trouble and stays an AbortError', async () => {
    const stop = new AbortController();
    hub.intercept(() => {
      stop.abort();
      return true;
    });
    await expect(openIn(emptyCache(hub), 'org/open', stop.signal)).rejects.toMatchObject({ name: 'AbortError' });
  });
});
