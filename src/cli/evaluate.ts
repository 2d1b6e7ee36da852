import { join, resolve } from 'node:path';
import { exitCodeOf, isError } from '../fault.js';
import { openModel } from '../hub/open-model.js';
import { parseReference } from '../hub/reference.js';
import { modelNames } from '../plan/names.js';
import { type EvaluatedModel, evaluateModels } from '../run/evaluate-models.js';
import { fetchInputs } from '../run/fetch-inputs.js';
import { withWorker } from '../run/merge.js';
import { refuseFaults } from '../run/plan-recipe.js';
import { type CliContext, packageRoot, packageVersion } from './context.js';
import { repositoryFinder } from './find-repository.js';
import { pythonFor } from './python.js';
import { runSession, type SessionFlags } from './session.js';
import { evaluationSettings, readTasks, type TaskFlags } from './tasks.js';

export type EvaluateFlags = SessionFlags & TaskFlags & { readonly device: string; readonly threads?: number };

/** `amalgam eval MODEL…` */
export const evaluate = (context: CliContext, models: readonly string[], flags: EvaluateFlags): Promise<number> =>
  runSession(context, flags, { title: 'eval', recipe: null, output: null }, async ({ emit, signal }) => {
    const find = repositoryFinder(context.env, { cwd: context.cwd, signal });
    const opened = await Promise.all(models.map((text) => openModel(parseReference(text, [context.cwd]), null, find)));
    const located = opened.map(({ reference, checkpoint, adapter }) => ({
      reference: reference.text,
      path: resolve(checkpoint.path),
      adapter: adapter?.path ?? null,
    }));
    const names = modelNames(located);
    const evaluated = located.map(
      ({ path, adapter }, index): EvaluatedModel => ({
        name: names[index] ?? path,
        role: 'parent',
        path,
        adapter,
        merged: null,
        key: null,
      }),
    );
    const { tasks, faults } = readTasks(flags, { cwd: context.cwd, shipped: join(packageRoot, 'configs/tasks') });
    if (faults.length > 0) emit({ type: 'faults', faults });
    if (faults.some(isError)) throw refuseFaults('the tasks', faults, exitCodeOf(faults));
    const { python, environment } = await pythonFor(context, emit);
    await fetchInputs(
      opened.flatMap(({ downloads }) => downloads),
      { emit, signal },
    );
    const options = { python, environment, tasks, device: flags.device, threads: flags.threads ?? null, emit, signal };
    const settings = evaluationSettings(flags, context, null);
    await withWorker(options, (worker) =>
      evaluateModels(worker, { ...options, ...settings, models: evaluated, version: packageVersion }),
    );
  });
