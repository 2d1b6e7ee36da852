import { resolve } from 'node:path';
import { exitCodes } from '../errors.js';
import { exitCodeOf } from '../fault.js';
import { formatBytes, plural } from '../format.js';
import { bytesToFetch, toFetch } from '../hub/download.js';
import { summarise } from '../plan/summarise.js';
import { renderFaults } from '../report/fault.js';
import { renderPlan } from '../report/plan-text.js';
import { styleFor } from '../report/style.js';
import { planRecipe } from '../run/plan-recipe.js';
import { writePlan } from '../run/write-plan.js';
import { type CliContext, widthOf } from './context.js';
import { repositoryFinder } from './find-repository.js';
import { withinMemory } from './memory.js';
import type { MemoryFlags } from './memory-flags.js';
import { hubEnvironment, type PlanningFlags, planOptions } from './plan-flags.js';

export type PlanFlags = PlanningFlags &
  MemoryFlags & {
    readonly threads?: number;
    readonly json?: boolean;
    /** File that receives the whole plan. */
    readonly output?: string;
  };

/** `amalgam plan RECIPE` */
export const plan = async (context: CliContext, recipe: string, flags: PlanFlags): Promise<number> => {
  const planned = await planRecipe(recipe, {
    cwd: context.cwd,
    findRepository: repositoryFinder(hubEnvironment(context.env, flags), {
      cwd: context.cwd,
      warn: (message) => void context.stderr.write(`warning: ${message}\n`),
    }),
    ...planOptions(flags),
  });
  const downloads = toFetch(planned.downloads);
  if (flags.json) {
    const listed = downloads.map(({ repository, commit, name, bytes }) => ({ repository, commit, name, bytes }));
    const { plan, faults } = planned;
    context.stdout.write(`${JSON.stringify({ plan, faults, downloads: listed })}\n`);
  } else {
    if (planned.plan !== null) {
      const warn = (message: string) => void context.stderr.write(`warning: ${message}\n`);
      const fitted = withinMemory(
        planned.plan,
        { ...flags, device: 'cpu', threads: flags.threads ?? null, saved: true },
        warn,
      );
      context.stdout.write(renderPlan(summarise(fitted.plan), styleFor(context.stdout, context.env), widthOf(context)));
      if (downloads.length > 0) {
        const amount = `${formatBytes(bytesToFetch(downloads))} in ${plural(downloads.length, 'file')}`;
        context.stdout.write(`downloads ${amount} before the merge\n`);
      }
    }
    if (planned.faults.length > 0) {
      context.stderr.write(renderFaults(planned.faults, styleFor(context.stderr, context.env), widthOf(context)));
    }
  }
  if (planned.plan === null) return exitCodeOf(planned.faults);
  if (flags.output !== undefined) writePlan(resolve(context.cwd, flags.output), planned.plan);
  return exitCodes.ok;
};
