const quiet = { signal: new AbortController().signal, onProgress: () => {} };

const sentence = ({ line, message, hint }) =>
  `${line === undefined ? '' : `line ${line}: `}${message}${hint ? ` (${hint})` : ''}`;

const plan = async (recipe, { cwd, env }) => {
  const { planRecipe } = await import('../../dist/index.js');
  const { repositoryFinder } = await import('../../dist/cli/find-repository.js');
  const { isError } = await import('../../dist/fault.js');
  const planned = await planRecipe(recipe, { cwd, findRepository: repositoryFinder(env, { cwd }), seed: 0 });
  const errors = planned.faults.filter(isError);
  if (planned.plan === null) throw new Error(`refused: ${errors.map(sentence).join('; ')}`);
  return planned.plan;
};

/**
 * Merges a recipe by a worker that is running, and publishes the output as the command line does.
 * Null as number of threads: as many as the worker chooses. Gives what the worker says about the merge.
 */
export const mergeInWorker = async (worker, { recipe, output, job, threads, cwd, env, signal = quiet.signal }) => {
  const { stageOutput } = await import('../../dist/run/output.js');
  const made = await plan(recipe, { cwd, env });
  const staging = stageOutput({ output, plan: made, force: false, version: 'script' });
  const { directory, planPath } = staging;
  const params = { job, planPath, directory, device: 'cpu', threads, chunkElements: null, part: null };
  const result = await worker.merge(params, { ...quiet, signal });
  staging.publish();
  return result;
};
