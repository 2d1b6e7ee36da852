import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';

type Environment = Readonly<Record<string, string | undefined>>;

/** `~` and `$VAR` as Python's huggingface_hub expands them. */
const expand = (path: string, env: Environment): string =>
  path
    .replace(/^~(?=\/|$)/, homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, plain) => env[braced ?? plain] ?? whole);

const hfHome = (env: Environment): string => {
  if (env.HF_HOME) return expand(env.HF_HOME, env);
  return join(env.XDG_CACHE_HOME ? expand(env.XDG_CACHE_HOME, env) : join(homedir(), '.cache'), 'huggingface');
};

/** The Hub cache: HF_HUB_CACHE, else the legacy HUGGINGFACE_HUB_CACHE, else `hub` in HF_HOME. */
export const hubCache = (env: Environment): string => {
  const named = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  return named ? expand(named, env) : join(hfHome(env), 'hub');
};

const isTrue = (value: string | undefined): boolean => /^(1|on|yes|true)$/i.test(value ?? '');

export const isOffline = (env: Environment): boolean => isTrue(env.HF_HUB_OFFLINE) || isTrue(env.TRANSFORMERS_OFFLINE);

/** The access token, from HF_TOKEN, its legacy names, or the file that `hf auth login` writes. */
export const hubToken = (env: Environment): string | undefined => {
  const named = env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || env.HF_AUTH_TOKEN;
  if (named) return named.trim();
  const file = env.HF_TOKEN_PATH ? expand(env.HF_TOKEN_PATH, env) : join(hfHome(env), 'token');
  return existsSync(file) ? readFileSync(file, 'utf8').trim() || undefined : undefined;
};

export const hubEndpoint = (env: Environment): string =>
  (env.HF_ENDPOINT || 'https://huggingface.co').replace(/\/+$/, '');

/** Folder of one repository in the cache. */
export const repositoryFolder = (repository: string, env: Environment): string =>
  join(hubCache(env), `models--${repository.replaceAll('/', '--')}`);

/** The cached snapshot of a revision, or undefined. */
export const cachedSnapshot = (repository: string, revision: string, env: Environment): string | undefined => {
  const folder = repositoryFolder(repository, env);
  const ref = join(folder, 'refs', revision);
  const commit = /^[0-9a-f]{40}$/.test(revision)
    ? revision
    : existsSync(ref)
      ? readFileSync(ref, 'utf8').trim()
      : undefined;
  const snapshot = commit === undefined ? undefined : join(folder, 'snapshots', commit);
  return snapshot !== undefined && existsSync(join(snapshot, 'config.json')) ? snapshot : undefined;
};
