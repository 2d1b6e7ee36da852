import { connect } from 'node:net';
import { exitCodes, UserError } from '../errors.js';
import type { HubAccess } from './access.js';
import { isTrusted, networkFailure, type Purpose, refusal, unreachable } from './hub-errors.js';

/** The Hub as requests reach it. */
export type Hub = {
  readonly access: HubAccess;
  /** A fetch that sends the token to the endpoint alone, and throws what is wrong in one sentence. */
  readonly fetchFor: (purpose: Purpose, signal?: AbortSignal) => typeof fetch;
};

const mostRedirects = 8;

/** Waits for one connection, since an HTTP client would wait much longer for a network that is not there. */
const reach = ({ endpoint, patience }: HubAccess): Promise<void> => {
  const { hostname, port, protocol } = new URL(endpoint);
  const host = hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }, () => {
      clearTimeout(timer);
      socket.destroy();
      resolve();
    });
    const timer = setTimeout(() => socket.destroy(Object.assign(new Error(), { code: 'ETIMEDOUT' })), patience.connect);
    socket.on('error', (error) => {
      clearTimeout(timer);
      reject(error);
    });
  });
};

/** One request; neither its answer nor any next bytes of it may be late. */
const exchange = async (url: URL, init: RequestInit, { patience, endpoint }: HubAccess): Promise<Response> => {
  const late = new AbortController();
  const silent = () =>
    late.abort(
      new UserError({ code: 'hub-silent', message: `${endpoint} has stopped answering`, hint: 'try again later' }),
    );
  let timer = setTimeout(silent, patience.answer);
  const signal = init.signal ? AbortSignal.any([init.signal, late.signal]) : late.signal;
  const response = await fetch(url, { ...init, signal, redirect: 'manual' }).finally(() => clearTimeout(timer));
  const wait = () => {
    clearTimeout(timer);
    timer = setTimeout(silent, patience.bytes).unref();
  };
  wait();
  const watched = new TransformStream<Uint8Array, Uint8Array>({
    transform: (chunk, controller) => {
      wait();
      controller.enqueue(chunk);
    },
    flush: () => clearTimeout(timer),
  });
  const { status, statusText, headers } = response;
  return new Response(response.body?.pipeThrough(watched) ?? null, { status, statusText, headers });
};

const insecure = (from: URL, to: URL): UserError =>
  new UserError({
    code: 'hub-insecure',
    message: `${from.origin} redirects to ${to.origin}, which is not https`,
    exitCode: exitCodes.integrity,
  });

/** Follows redirects by hand: what leaves the endpoint's origin goes without the token. */
const request = async (start: URL, init: RequestInit, access: HubAccess): Promise<Response> => {
  const { origin } = new URL(access.endpoint);
  let url = start;
  for (let hop = 0; hop <= mostRedirects; hop++) {
    const headers = new Headers(init.headers);
    headers.delete('authorization');
    headers.set('user-agent', 'amalgam');
    if (access.token !== undefined && url.origin === origin && isTrusted(url)) {
      headers.set('authorization', `Bearer ${access.token.value}`);
    }
    const response = await exchange(url, { ...init, headers }, access);
    const location = response.headers.get('location');
    if (response.status < 300 || response.status > 399 || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, url);
    if (url.protocol === 'https:' && next.protocol !== 'https:') throw insecure(url, next);
    url = next;
  }
  throw new UserError({ code: 'hub-failed', message: `${access.endpoint} redirects in a circle` });
};

/** A range that was asked for but answered with the whole file could be gigabytes. */
const ignoredRange = (access: HubAccess, purpose: Purpose): UserError =>
  new UserError({
    code: 'hub-no-ranges',
    message: `${access.endpoint} sends whole files only, so the headers of ${purpose.repository} cannot be read`,
    hint: `hf download ${purpose.repository}`,
  });

export const openHub = (access: HubAccess, stopped?: AbortSignal): Hub => {
  let reached: Promise<void> | undefined;
  return {
    access,
    fetchFor:
      (purpose, signal = stopped) =>
      async (input, init = {}) => {
        reached ??= reach(access);
        await reached.catch((error: unknown) => {
          throw unreachable(error, purpose, access);
        });
        try {
          const url = new URL(input instanceof Request ? input.url : input);
          const response = await request(url, { ...init, signal: signal ?? null }, access);
          const unranged = new Headers(init.headers).has('range') && response.status === 200;
          if (response.ok && !unranged) return response;
          await response.body?.cancel();
          throw unranged ? ignoredRange(access, purpose) : refusal(response, purpose, access);
        } catch (error) {
          throw networkFailure(error, access);
        }
      },
  };
};
