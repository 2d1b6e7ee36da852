import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { hubAccess } from '../../src/hub/access.js';
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

  test('and what follows never go from https to http', async () => {
    const endpoint = hub.endpoint.replace('http:', 'https:');
    const asked: string[] = [];
    vi.stubGlobal('fetch', async (url: URL) => {
      asked.push(url.href);
      return new Response(null, { status: 302, headers: { location: 'http://elsewhere.example/file' } });
    });
    try {
      const { code, exitCode } = await failure('org/open', { HF_TOKEN: member, HF_ENDPOINT: endpoint });
      expect([code, exitCode]).toEqual(['hub-insecure', exitCodes.integrity]);
      expect(asked).toHaveLength(1);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test('stays out of errors of the HTTP client', async () => {
    const error = await failure('org/open', { HF_TOKEN: `${member}\u00e9` });
    expect([error.code, error.exitCode]).toEqual(['bad-token', exitCodes.authentication]);
  });
});

describe('switched off,', () => {
  test('nothing is asked, and what to type is said', async () => {
    const before = hub.seen.length;
    for (const name of ['HF_HUB_OFFLINE', 'TRANSFORMERS_OFFLINE']) {
      const error = await failure('org/open@v1', { [name]: '1' });
      expect([error.code, error.exitCode]).toEqual(['model-not-cached', exitCodes.notFound]);
      expect(error.message).toMatch(/^org\/open@v1 .*switched off.*no access token is set$/);
      expect(error.hint).toBe('HF_HUB_OFFLINE=0 hf download org/open --revision v1');
    }
    const held = await failure('org/open', { HF_HUB_OFFLINE: '1', HF_AUTH_TOKEN: member });
    expect(held.message).toMatch(/the access token is in HF_AUTH_TOKEN$/);
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
