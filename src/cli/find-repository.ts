import { resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { findToken, hubAccess, isOffline, type Token } from '../hub/access.js';
import { type Hub, openHub } from '../hub/hub.js';
import { downloadCommand, tokenPresence } from '../hub/hub-errors.js';
import { similarFolder } from '../hub/nearby-folder.js';
import type { FindRepository } from '../hub/open-model.js';
import type { ModelLocation } from '../hub/reference.js';
import { remoteFiles } from '../hub/remote-files.js';
import { cachedFiles, missingNames } from '../hub/snapshot.js';

type HubLocation = ModelLocation & { kind: 'hub' };

const notCached = (location: HubLocation, missing: readonly string[] | null, token: Token | undefined): UserError => {
  const { repository, revision } = location;
  const [first, ...more] = missing ?? [];
  const lacks =
    first === undefined ? '' : ` completely: ${first}${more.length > 0 ? ` and ${more.length} more` : ''} missing`;
  return new UserError({
    code: 'model-not-cached',
    message: `${repository}@${revision} is not in the Hugging Face cache${lacks}, the Hub is switched off (HF_HUB_OFFLINE), and ${tokenPresence(token)}`,
    hint: `HF_HUB_OFFLINE=0 ${downloadCommand(location)}`,
    exitCode: exitCodes.notFound,
  });
};

/** What the Hub answers about names that do not exist there. */
const misspelt: readonly number[] = [exitCodes.notFound, exitCodes.authentication];

/** A failure to find `org/name` on the Hub, with the local folder that was perhaps meant. */
const withSimilarFolder = (error: unknown, cwd: string, { repository }: HubLocation): unknown => {
  if (!(error instanceof UserError) || !misspelt.includes(error.exitCode)) return error;
  const similar = similarFolder(resolve(cwd, repository));
  if (similar === undefined) return error;
  const { code, message, exitCode, cause } = error;
  return new UserError({ code, message, exitCode, cause, hint: `did you mean the folder ${similar}?` });
};

export type FinderOptions = {
  readonly cwd?: string;
  readonly signal?: AbortSignal;
  /** Hears once what the user should know of the way to the Hub. */
  readonly warn?: (message: string) => void;
};

const kitToken =
  'the access token is read from HF_AUTH_TOKEN, a name of the LLM-Merging starter kit; HF_TOKEN is the one that every tool knows';

/** Finds repositories in the Hugging Face cache, and what is not there on the Hub; each is looked up once. */
export const repositoryFinder = (
  env: NodeJS.ProcessEnv,
  { cwd = process.cwd(), signal, warn }: FinderOptions = {},
): FindRepository => {
  let hub: Hub | undefined;
  const find = async (location: HubLocation) => {
    const cached = cachedFiles(location.repository, location.revision, env);
    const missing = cached === undefined ? null : await missingNames(cached);
    if (cached !== undefined && missing?.length === 0) return cached;
    if (isOffline(env)) throw notCached(location, missing, findToken(env));
    if (hub === undefined) {
      const access = hubAccess(env);
      if (access.token?.source === 'HF_AUTH_TOKEN') warn?.(kitToken);
      hub = openHub(access, signal);
    }
    return await remoteFiles(hub, location, env);
  };
  const found = new Map<string, ReturnType<FindRepository>>();
  return (location) => {
    const key = `${location.repository}@${location.revision}`;
    const files =
      found.get(key) ??
      find(location).catch((error: unknown) => {
        throw withSimilarFolder(error, cwd, location);
      });
    found.set(key, files);
    return files;
  };
};
