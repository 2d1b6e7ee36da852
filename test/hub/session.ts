import { join } from 'node:path';
import { repositoryFinder } from '../../src/cli/find-repository.js';
import { type DownloadProgress, download } from '../../src/hub/download.js';
import { type OpenedModel, openModel } from '../../src/hub/open-model.js';
import { parseReference } from '../../src/hub/reference.js';
import type { HubServer } from '../helpers/hub-server.js';
import { temporaryFolder } from '../helpers/temporary.js';

export type TestEnvironment = Readonly<Record<string, string>> & { readonly HF_HOME: string };

/** An environment with an empty cache and nothing of the real one. */
export const emptyCache = ({ endpoint }: HubServer, more: Record<string, string> = {}): TestEnvironment => ({
  HF_HOME: join(temporaryFolder(), 'hf'),
  HF_ENDPOINT: endpoint,
  ...more,
});

/** Opens a reference as a command does, each time with nothing remembered. */
export const openIn = (env: TestEnvironment, text: string, signal?: AbortSignal): Promise<OpenedModel> => {
  const cwd = join(env.HF_HOME, '..');
  const find = repositoryFinder(env, signal === undefined ? { cwd } : { cwd, signal });
  return openModel(parseReference(text, [cwd]), null, find);
};

/** Opens a reference and fetches all that it needs. */
export const fetchIn = async (
  env: TestEnvironment,
  text: string,
  onProgress?: (progress: DownloadProgress) => void,
): Promise<OpenedModel> => {
  const model = await openIn(env, text);
  await download(model.downloads, onProgress === undefined ? {} : { onProgress });
  return model;
};
