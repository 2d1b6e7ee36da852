import { exitCodes, UserError } from '../errors.js';
import { cachedSnapshot } from '../hub/cache.js';
import type { FindRepository } from '../hub/open-model.js';

/** Finds repositories in the Hugging Face cache. */
export const repositoryFinder =
  (env: NodeJS.ProcessEnv): FindRepository =>
  ({ repository, revision }) => {
    const snapshot = cachedSnapshot(repository, revision, env);
    if (snapshot !== undefined) return snapshot;
    throw new UserError({
      code: 'model-not-cached',
      message: `there is no folder ${repository}, and ${repository}@${revision} is not in the Hugging Face cache`,
      hint: `hf download ${repository}${revision === 'main' ? '' : ` --revision ${revision}`}`,
      exitCode: exitCodes.notFound,
    });
  };
