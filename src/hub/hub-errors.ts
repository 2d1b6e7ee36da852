import { exitCodes, UserError, type UserErrorOptions } from '../errors.js';
import { formatDuration } from '../format.js';
import type { HubAccess } from './access.js';

/** What is asked of the Hub, for errors. */
export type Purpose = { readonly repository: string; readonly revision: string; readonly file?: string };

/** Whether the token may go to the endpoint: over TLS, or to this very machine. */
export const isTrusted = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || ['localhost', '127.0.0.1', '[::1]'].includes(hostname);

/** Whether there is a token, for errors that come before it can be tried. */
export const tokenPresence = (token: HubAccess['token']): string =>
  token === undefined ? 'no access token is set' : `the access token is in ${token.source}`;

/** The command that fetches what is asked for, on a machine where that is possible. */
export const downloadCommand = ({ repository, revision }: Purpose): string =>
  `hf download ${repository}${revision === 'main' ? '' : ` --revision ${revision}`}`;

const tokenState = ({ token, endpoint }: HubAccess): string => {
  if (token === undefined) return 'no access token is set';
  return isTrusted(new URL(endpoint))
    ? `the access token in ${token.source} gives no access to it`
    : `the access token in ${token.source} is not sent to ${endpoint}, which is not https`;
};

const login = 'run `hf auth login` or set HF_TOKEN';

const unauthorised = ({ repository }: Purpose, access: HubAccess): UserErrorOptions => {
  const { token, endpoint } = access;
  const sent = token !== undefined && isTrusted(new URL(endpoint));
  return {
    code: 'hub-unauthorised',
    message: sent
      ? `${endpoint} does not accept the access token in ${token.source}, asked for ${repository}`
      : `${repository} is private or does not exist on ${endpoint}, and ${tokenState(access)}`,
    hint: sent ? 'run `hf auth login` again, or correct HF_TOKEN' : `check the name, and ${login}`,
    exitCode: exitCodes.authentication,
  };
};

const forbidden = ({ repository }: Purpose, access: HubAccess, gated: boolean): UserErrorOptions => ({
  code: gated ? 'hub-gated' : 'hub-forbidden',
  message: `${repository} is ${gated ? 'gated' : 'not open to everybody'}, and ${tokenState(access)}`,
  hint: `${gated ? 'accept its conditions' : 'ask for access'} on ${access.endpoint}/${repository}${access.token === undefined ? `, then ${login}` : ''}`,
  exitCode: exitCodes.authentication,
});

const notFound = (
  code: string | null,
  { repository, revision, file }: Purpose,
  access: HubAccess,
): UserErrorOptions => {
  const { endpoint, token } = access;
  const page = `${endpoint}/${repository}`;
  if (code === 'RevisionNotFound') {
    const message = `${repository} has no revision ${revision}`;
    return { code: 'hub-no-revision', message, hint: `see ${page}/tree/main`, exitCode: exitCodes.notFound };
  }
  if (file !== undefined) {
    const message = `${repository}@${revision} has no file ${file}`;
    return { code: 'hub-no-file', message, hint: `see ${page}/tree/${revision}`, exitCode: exitCodes.notFound };
  }
  return {
    code: 'hub-no-repository',
    message: `there is no model ${repository} on ${endpoint}`,
    hint: token === undefined ? `check the name; for a private model, ${login}` : 'check the name',
    exitCode: exitCodes.notFound,
  };
};

/** Seconds to wait, from `Retry-After` or from `t` of the Hub's `RateLimit`. */
const waitOf = (headers: Headers): number | undefined => {
  const after = headers.get('retry-after') ?? /;\s*t=(\d+)/.exec(headers.get('ratelimit') ?? '')?.[1] ?? '';
  const seconds = /^\d+$/.test(after.trim()) ? Number(after) : (Date.parse(after) - Date.now()) / 1000;
  return Number.isFinite(seconds) && seconds >= 0 ? seconds : undefined;
};

const rateLimited = (headers: Headers, { repository }: Purpose, { endpoint, token }: HubAccess): UserErrorOptions => {
  const wait = waitOf(headers);
  const when = wait === undefined ? 'later' : `in ${formatDuration(wait)}`;
  return {
    code: 'hub-rate-limit',
    message: `${endpoint} allows no more requests for now, asked for ${repository}: try again ${when}`,
    hint: token === undefined ? `an access token raises the limit: ${login}` : undefined,
  };
};

/** What an answer that is not a success means. */
export const refusal = ({ status, headers }: Response, purpose: Purpose, access: HubAccess): UserError => {
  const code = headers.get('x-error-code');
  if (code === 'GatedRepo' || status === 403) return new UserError(forbidden(purpose, access, code === 'GatedRepo'));
  if (status === 401) return new UserError(unauthorised(purpose, access));
  if (status === 404) return new UserError(notFound(code, purpose, access));
  if (status === 429) return new UserError(rateLimited(headers, purpose, access));
  const what = [purpose.file, purpose.repository].filter(Boolean).join(' of ');
  return new UserError({
    code: 'hub-failed',
    message: `${access.endpoint} answers ${status} when asked for ${what}`,
    hint: status >= 500 ? 'it has trouble: try again later' : undefined,
  });
};

const reasons: readonly (readonly [RegExp, string])[] = [
  [/ENOTFOUND|EAI_AGAIN|EAI_FAIL/, 'its name cannot be looked up'],
  [/ECONNREFUSED/, 'it refuses connections'],
  [/TIMEOUT|ETIMEDOUT/, 'it does not answer'],
  [/ECONNRESET|EPIPE|UND_ERR_SOCKET/, 'the connection broke'],
  [/ENETUNREACH|EHOSTUNREACH|EADDRNOTAVAIL/, 'there is no network'],
  [/CERT|TLS|SSL|SIGNED|VERIFY/, 'its certificate is not trusted'],
];

const codeOf = (error: unknown): string => {
  const { code, cause, errors } = (error ?? {}) as { code?: unknown; cause?: unknown; errors?: unknown[] };
  if (typeof code === 'string') return code;
  return cause === undefined && errors === undefined ? '' : codeOf(cause ?? errors?.[0]);
};

const reasonOf = (code: string): string => {
  const reason = reasons.find(([pattern]) => pattern.test(code))?.[1] ?? 'the connection broke';
  return code === '' ? reason : `${reason} (${code})`;
};

/** No connection at all: the command that must be run where there is one. */
export const unreachable = (error: unknown, purpose: Purpose, { endpoint, proxy, token }: HubAccess): UserError => {
  const code = codeOf(error);
  return new UserError({
    code: 'hub-unreachable',
    message: `${purpose.repository} cannot be read from ${endpoint}: ${reasonOf(code)}, and ${tokenPresence(token)}`,
    hint:
      proxy === undefined
        ? `check the network, or fetch it first with \`${downloadCommand(purpose)}\`; HF_HUB_OFFLINE=1 uses only what is in the cache`
        : `the proxy of ${proxy} is not used: fetch the model first with \`${downloadCommand(purpose)}\``,
    exitCode: exitCodes.notFound,
    cause: error,
  });
};

/** A failure to go on talking to the Hub, or to understand it, in one sentence; what is one already stays. */
export const networkFailure = (error: unknown, { endpoint, proxy }: HubAccess): unknown => {
  if (error instanceof UserError || (error as Error)?.name === 'AbortError') return error;
  const code = codeOf(error);
  const strange = error instanceof SyntaxError || (error as Error)?.constructor?.name.startsWith('InvalidApiResponse');
  const reason = strange
    ? 'its answer is not one of the Hub: a portal or proxy may have answered instead'
    : reasonOf(code);
  return new UserError({
    code: 'hub-unreachable',
    message: `cannot read from ${endpoint}: ${reason}`,
    hint:
      proxy === undefined
        ? 'check the network, or set HF_HUB_OFFLINE=1 to use only models in the cache'
        : `the proxy of ${proxy} is not used: fetch the model with \`hf download\` first`,
    cause: error,
  });
};
