import { existsSync, readFileSync } from 'node:fs';
import { exitCodes, UserError } from '../errors.js';
import { type Environment, tokenFile } from './cache.js';

/** An access token and where it was found. */
export type Token = { readonly value: string; readonly source: string };

/** How to reach the Hub, from the environment variables that Python's huggingface_hub knows. */
export type HubAccess = {
  /** Without a slash at its end. */
  readonly endpoint: string;
  readonly token: Token | undefined;
  /** Name of a variable that asks for a proxy, which is not used. */
  readonly proxy: string | undefined;
  /** Milliseconds to wait for a connection, for the head of an answer, and for its next bytes. */
  readonly patience: { readonly connect: number; readonly answer: number; readonly bytes: number };
};

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

export const isOffline = (env: Environment): boolean => isTrue(env.HF_HUB_OFFLINE || env.TRANSFORMERS_OFFLINE);

const tokenNames = ['HF_TOKEN', 'HUGGING_FACE_HUB_TOKEN', 'HF_AUTH_TOKEN'];

/** The access token, from HF_TOKEN, its legacy names, or the file that `hf auth login` writes. */
export const findToken = (env: Environment): Token | undefined => {
  if (isTrue(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined;
  const file = tokenFile(env);
  const source = tokenNames.find((name) => env[name]?.trim()) ?? file;
  const value = source === file ? existsSync(file) && readFileSync(file, 'utf8') : env[source];
  const cleaned = (value || '').replace(/[\r\n]/g, '').trim();
  return cleaned === '' ? undefined : { value: cleaned, source };
};

export const hubToken = (env: Environment): string | undefined => findToken(env)?.value;

/** Only what can be a header value: an error of the HTTP client about anything else would quote the token. */
const sendable = (token: Token | undefined): Token | undefined => {
  if (token === undefined || /^[\x21-\x7e]+$/.test(token.value)) return token;
  throw new UserError({
    code: 'bad-token',
    message: `the access token in ${token.source} has characters that no token has`,
    hint: 'hf auth login',
    exitCode: exitCodes.authentication,
  });
};

const defaultEndpoint = 'https://huggingface.co';

export const hubEndpoint = (env: Environment): string => {
  const endpoint = (env.HF_ENDPOINT || defaultEndpoint).replace(/\/+$/, '');
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url !== undefined && /^https?:$/.test(url.protocol) && url.username === '' && url.password === '') {
    return endpoint;
  }
  throw new UserError({
    code: 'bad-endpoint',
    message: 'HF_ENDPOINT is not a web address without a user name, such as https://huggingface.co',
    hint: 'unset HF_ENDPOINT',
    exitCode: exitCodes.usage,
  });
};

const seconds = (value: string | undefined, otherwise: number): number => {
  const given = Number(value);
  return 1000 * (given > 0 && Number.isFinite(given) ? given : otherwise);
};

const proxyNames = ['HTTPS_PROXY', 'https_proxy', 'ALL_PROXY', 'all_proxy'];

export const hubAccess = (env: Environment): HubAccess => ({
  endpoint: hubEndpoint(env),
  token: sendable(findToken(env)),
  proxy: proxyNames.find((name) => env[name]),
  patience: {
    connect: 2000,
    answer: seconds(env.HF_HUB_ETAG_TIMEOUT, 10),
    bytes: seconds(env.HF_HUB_DOWNLOAD_TIMEOUT, 10),
  },
});
