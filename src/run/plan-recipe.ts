import { exitCodes, UserError } from '../errors.js';
import { type Fault, isError } from '../fault.js';
import { plural } from '../format.js';
import { type FindRepository, type OpenedModel, openModel } from '../hub/open-model.js';
import type { RemoteFile } from '../hub/remote-file.js';
import { buildPlan, type PlanOptions } from '../plan/build.js';
import type { Participant } from '../plan/roles.js';
import type { Plan } from '../protocol/plan.js';
import { readRecipe } from '../recipe/read-recipe.js';
import type { Recipe, RecipeModel } from '../recipe/recipe.js';

export type PlannedRecipe = {
  /** Null when the file is not even a recipe. */
  readonly recipe: Recipe | null;
  /** Null when there are errors among the faults. */
  readonly plan: Plan | null;
  readonly faults: readonly Fault[];
  /** Files of the Hub that must be fetched before the plan can run. */
  readonly downloads: readonly RemoteFile[];
};

/** Reads a recipe and the headers of its models and plans the merge; everything that is wrong comes back at once. */
export const planRecipe = async (
  file: string,
  { cwd, findRepository, ...options }: PlanOptions & { readonly cwd: string; readonly findRepository: FindRepository },
): Promise<PlannedRecipe> => {
  const { recipe, faults } = readRecipe(file, cwd);
  if (recipe === null) return { recipe, plan: null, faults, downloads: [] };
  const opening = new Map<string, Promise<OpenedModel | null>>();
  const participant = async (written: RecipeModel): Promise<Participant> => {
    const key = `${written.reference.text}@${JSON.stringify(written.reference.model)}`;
    const opened = opening.get(key) ?? open(recipe, written, findRepository, faults);
    opening.set(key, opened);
    return { written, opened: await opened };
  };
  const models = await Promise.all(recipe.models.map(participant));
  const base = recipe.base === null ? null : await participant(recipe.base);
  const built = buildPlan(recipe, models, base, options);
  const all = [...faults, ...built.faults];
  const opened = await Promise.all(opening.values());
  return {
    recipe,
    plan: all.some(isError) ? null : built.plan,
    faults: inOrder(all),
    downloads: opened.flatMap((model) => model?.downloads ?? []),
  };
};

const open = async (
  recipe: Recipe,
  { reference, path }: RecipeModel,
  find: FindRepository,
  faults: Fault[],
): Promise<OpenedModel | null> => {
  try {
    return await openModel(reference, recipe.adapterBase, find);
  } catch (error) {
    const known = error instanceof UserError ? error : unreadable(reference.text, error);
    faults.push(recipe.source.faultAt(path, known));
    return null;
  }
};

const unreadable = (model: string, error: unknown): UserError => {
  const { code } = error as NodeJS.ErrnoException;
  if (code === undefined) throw error;
  return new UserError({
    code: 'model-unreadable',
    message: `${model} cannot be read: ${(error as Error).message}`,
    exitCode: exitCodes.notFound,
    cause: error,
  });
};

/** As a reader goes through the file; faults without a place come last. */
const inOrder = (faults: readonly Fault[]): Fault[] => {
  const end = Number.POSITIVE_INFINITY;
  return [...faults].sort((a, b) => (a.line ?? end) - (b.line ?? end) || (a.column ?? end) - (b.column ?? end));
};

/** The refusal of a plan with errors, for callers that cannot go on. */
export const refuseFaults = (file: string, faults: readonly Fault[], exitCode: number): UserError =>
  new UserError({
    code: 'invalid-recipe',
    message: `${file} cannot be merged: ${plural(faults.filter(isError).length, 'error')}`,
    exitCode: exitCode as UserError['exitCode'],
  });
