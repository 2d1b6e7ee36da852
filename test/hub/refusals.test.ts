import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { hubAccess } from '../../src/hub/access.js';
import { download } from '../../src/hub/download.js';
import { openHub } from '../../src/hub/hub.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { startHub } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';
import { emptyCache, fetchIn, openIn } from './session.js';

const hub = await startHub();
const folder = writeCheckpoint(temporaryFolder(), { tensors: { a: { dtype: 'F32', shape: [2] } } });
const member = 'hf_canaryOfAMember0000000';
const stranger = 'hf_canaryOfAStranger00000';
hub.publish('org/open', folder);
hub.publish('org/private', folder, { access: 'private', members: [member] });
hub.publish('org/gated', folder, { access: 'gated', members: [member] });

afterEach(() => hub.intercept(null));

const failure = async (reference: string, more: Record<string, string> = {}) => {
  const error = await failureOf(() => openIn(emptyCache(hub, more), reference));
  const told = `${error.message}\n${error.hint ?? ''}\n${String(error.cause)}`;
  for (const token of [member, stranger, 'hf_expired']) expect(told).not.toContain(token);
  expect(error.message.split('\n')).toHaveLength(1);
  return error;
};

describe('access', () => {
  test('is given by a token', async () => {
    for (const repository of ['org/private', 'org/gated']) {
      const env = emptyCache(hub, { HF_TOKEN: member });
      await fetchIn(env, repository);
      expect((await openIn({ ...env, HF_HUB_OFFLINE: '1' }, repository)).downloads).toEqual([]);
    }
  });

  test.each<[string, string, Record<string, string>, string, number, RegExp, RegExp]>([
    [
      'private, without a token',
      'org/private',
      {},
      'hub-unauthorised',
      exitCodes.authentication,
      /org\/private is private or does not exist on http.*no access token is set/,
      /hf auth login.*HF_TOKEN/,
    ],
    [
      'unknown, without a token',
      'org/unknown',
      {},
      'hub-unauthorised',
      exitCodes.authentication,
      /org\/unknown is private or does not exist/,
      /check the name/,
    ],
    [
      'private, with a token of somebody else',
      'org/private',
      { HF_TOKEN: stranger },
      'hub-no-repository',
      exitCodes.notFound,
      /no model org\/private/,
      /check the name/,
    ],
    [
      'unknown, with a token',
      'org/unknown',
      { HF_TOKEN: member },
      'hub-no-repository',
      exitCodes.notFound,
      /no model org\/unknown/,
      /check the name/,
    ],
    [
      'open, with a token that has expired',
      'org/open',
      { HF_TOKEN: 'hf_expired' },
      'hub-unauthorised',
      exitCodes.authentication,
      /does not accept the access token in HF_TOKEN.*org\/open/,
      /hf auth login/,
    ],
    [
      'gated, without a token',
      'org/gated',
      {},
      'hub-gated',
      exitCodes.authentication,
      /org\/gated is gated, and no access token/,
      /accept its conditions on http.*org\/gated, then.*hf auth login/,
    ],
    [
      'gated, with a token of somebody else',
      'org/gated',
      { HUGGING_FACE_HUB_TOKEN: stranger },
      'hub-gated',
      exitCodes.authentication,
      /token in HUGGING_FACE_HUB_TOKEN gives no access/,
      /accept its conditions on http\S*org\/gated$/,
    ],
    [
      'open, at an unknown revision',
      'org/open@v9',
      {},
      'hub-no-revision',
      exitCodes.notFound,
      /org\/open has no revision v9/,
      /org\/open\/tree\/main/,
    ],
  ])('to a repository that is %s, ends in a sentence', async (_, reference, env, code, exitCode, message, hint) => {
    const error = await failure(reference, env);
    expect([error.code, error.exitCode]).toEqual([code, exitCode]);
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
  });

  test('that fails beside a folder of nearly that name suggests the folder', async () => {
    const env = emptyCache(hub);
    mkdirSync(join(env.HF_HOME, '../zoo/arithmetic'), { recursive: true });
    const { hint } = await failureOf(() => openIn(env, 'zoo/aritmetic'));
    expect(hint).toMatch(/did you mean the folder .*\/zoo\/arithmetic\?/);
  });
});

describe('the token', () => {
  test('goes to the endpoint with every request and never to another host', async () => {
    const before = hub.seen.length;
    await fetchIn(emptyCache(hub, { HF_TOKEN: member }), 'org/open');
    const seen = hub.seen.slice(before);
    expect(seen.some(({ server }) => server === 'cdn')).toBe(true);
    for (const { server, authorization } of seen) {
      expect(authorization).toBe(server === 'hub' ? `Bearer ${member}` : undefined);
    }
  });

  test('goes along a redirect within the endpoint', async () => {
    hub.intercept(({ server, path }, response) => {
      if (server !== 'hub' || !path.includes('/models/org/renamed/')) return false;
      response.writeHead(307, { location: path.replace('org/renamed', 'org/private') }).end();
      return true;
    });
    const fetch = openHub(hubAccess(emptyCache(hub, { HF_TOKEN: member }))).fetchFor({
      repository: 'x',
      revision: 'y',
    });
    const response = await fetch(`${hub.endpoint}/api/models/org/renamed/revision/main`);
    expect(await response.json()).toMatchObject({ id: 'org/private' });
  });

  test('is not sent over plain http to a host that is not this machine, and that is said', async () => {
    const headers: (string | undefined)[] = [];
    const server = createServer((request, response) => {
      headers.push(request.headers.authorization);
      response.writeHead(401).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
    const endpoint = `http://0.0.0.0:${(server.address() as AddressInfo).port}`;
    try {
      const error = await failure('org/private', { HF_TOKEN: member, HF_ENDPOINT: endpoint });
      expect(error.message).toContain('not https');
      expect(headers).toEqual([undefined]);
    } finally {
      server.close();
    }
  });

  test('stays out of errors of the HTTP client', async () => {
    const error = await failure('org/open', { HF_TOKEN: `${member}\u00e9` });
    expect([error.code, error.exitCode]).toEqual(['bad-token', exitCodes.authentication]);
  });
});

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
    const { message, hint } = await failure('org/open', { HF_ENDPOINT: `http://127.0.0.1:${port}` });
    expect(message).toBe(`cannot read from http://127.0.0.1:${port}: it refuses connections (ECONNREFUSED)`);
    expect(hint).toContain('HF_HUB_OFFLINE=1');
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

describe('switched off,', () => {
  test('nothing is asked, and what to type is said', async () => {
    const before = hub.seen.length;
    for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) {
      const error = await failure('org/open@v1', { [name]: '1' });
      expect([error.code, error.exitCode]).toEqual(['model-not-cached', exitCodes.notFound]);
      expect(error.hint).toContain('hf download org/open --revision v1');
    }
    expect(hub.seen).toHaveLength(before);
  });

  test('the files that an incomplete snapshot lacks are named', async () => {
    const env = emptyCache(hub, { HF_HUB_OFFLINE: '1' });
    const commit = 'c'.repeat(40);
    const repository = join(env.HF_HOME, 'hub/models--org--open');
    mkdirSync(join(repository, 'refs'), { recursive: true });
    mkdirSync(join(repository, 'snapshots', commit), { recursive: true });
    writeFileSync(join(repository, 'refs/main'), commit);
    const { message } = await failureOf(() => openIn(env, 'org/open'));
    expect(message).toContain('config.json and 1 more missing');
  });
});
