import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

export type Environment = Readonly<Record<string, string | undefined>>;

/** `~` and `$VAR` as Python's huggingface_hub expands them. */
const expand = (path: string, env: Environment): string =>
  path
    .replace(/^~(?=\/|$)/, env.HOME || homedir())
    .replace(/\$(?:\{(\w+)\}|(\w+))/g, (whole, braced, plain) => env[braced ?? plain] ?? whole);

/** The home of everything of the Hub; a relative XDG_CACHE_HOME is ignored, as its specification demands. */
export const hubHome = (env: Environment): string => {
  if (env.HF_HOME) return expand(env.HF_HOME, env);
  const named = expand(env.XDG_CACHE_HOME ?? '', env);
  return join(isAbsolute(named) ? named : join(env.HOME || homedir(), '.cache'), 'huggingface');
};

/** The Hub cache: HF_HUB_CACHE, else the legacy HUGGINGFACE_HUB_CACHE, else `hub` in HF_HOME. */
export const hubCache = (env: Environment): string => {
  const named = env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE;
  return named ? expand(named, env) : join(hubHome(env), 'hub');
};

/** The file that `hf auth login` writes. */
export const tokenFile = (env: Environment): string =>
  env.HF_TOKEN_PATH ? expand(env.HF_TOKEN_PATH, env) : join(hubHome(env), 'token');

/** Folder of one repository in the cache. */
export const repositoryFolder = (repository: string, env: Environment): string =>
  join(hubCache(env), `models--${repository.replaceAll('/', '--')}`);
