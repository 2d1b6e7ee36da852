import { readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { type Fault, isError } from '../fault.js';
import { plural } from '../format.js';
import { type FindRepository, type OpenedModel, openModel } from '../hub/open-model.js';
import { identityOf } from '../hub/reference.js';
import type { RemoteFile } from '../hub/remote-file.js';
import { buildPlan, type PlanOptions } from '../plan/build.js';
import { checkDeclared } from '../plan/check-declared.js';
import type { Plan } from '../protocol/plan.js';
import { readRecipe } from '../recipe/read-recipe.js';
import { type Recipe, type RecipeSource, sourcesOf } from '../recipe/recipe.js';
import { readTokenizers } from './read-tokenizers.js';

export type PlannedRecipe = {
  /** Null when the file is not even a recipe. */
  readonly recipe: Recipe | null;
  /** Null when there are errors among the faults. */
  readonly plan: Plan | null;
  readonly faults: readonly Fault[];
  /** Files of the Hub that must be fetched before the plan can run. */
  readonly downloads: readonly RemoteFile[];
};

export type PlanRecipeOptions = PlanOptions & {
  readonly cwd: string;
  readonly findRepository: FindRepository;
  /** Name under which the starter kit would register the file. */
  readonly registered?: string | undefined;
};

/** Reads a recipe and the headers of its models and plans the merge; everything that is wrong comes back at once. */
export const planRecipe = async (
  file: string,
  { cwd, findRepository, registered, ...options }: PlanRecipeOptions,
): Promise<PlannedRecipe> => {
  const { recipe, faults } = readRecipe(file, { cwd, registered, allowUnknown: options.allowUnknown });
  if (recipe === null) return { recipe, plan: null, faults, downloads: [] };
  const opening = new Map<string, Promise<OpenedModel | null>>();
  for (const written of sourcesOf(recipe)) {
    const key = identityOf(written.reference);
    if (!opening.has(key)) opening.set(key, open(recipe, written, findRepository, faults));
  }
  const opened = new Map(await Promise.all([...opening].map(async ([key, model]) => [key, await model] as const)));
  const found = [...opened.values()].filter((model) => model !== null);
  if (found.length < opened.size) await lookUpBase(recipe, opened, findRepository, faults);
  const asksForTokens = recipe.tokenizer !== null || recipe.chatTemplate !== null;
  const tokenizerOf = await readTokenizers(found.length > 1 || asksForTokens ? found : []);
  const openedOf = ({ reference }: RecipeSource) => opened.get(identityOf(reference)) ?? null;
  const built = buildPlan(
    recipe,
    {
      open: openedOf,
      tokenizers: { of: tokenizerOf, readFile: readBeside([cwd, dirname(resolve(cwd, file))]) },
    },
    options,
  );
  const all = [...faults, ...checkDeclared(recipe, openedOf), ...built.faults];
  return {
    recipe,
    plan: all.some(isError) ? null : built.plan,
    faults: inOrder(all),
    downloads: found.flatMap(({ downloads }) => downloads),
  };
};

/** Reads a text file that a recipe names, from where the command runs or from the recipe's folder. */
const readBeside =
  (folders: readonly string[]) =>
  (path: string): string | undefined => {
    const found = folders
      .map((folder) => resolve(folder, path))
      .find((file) => statSync(file, { throwIfNoEntry: false })?.isFile());
    return found === undefined ? undefined : readFileSync(found, 'utf8');
  };

const open = async (
  recipe: Recipe,
  { reference, path }: Pick<RecipeSource, 'reference' | 'path'>,
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

/** When an adapter could not be read, its base was not asked for yet: it may be missing as well. */
const lookUpBase = async (
  recipe: Recipe,
  opened: ReadonlyMap<string, OpenedModel | null>,
  find: FindRepository,
  faults: Fault[],
): Promise<void> => {
  const { adapterBase: reference, kit } = recipe;
  if (reference === null || kit?.isPeft === false || opened.has(identityOf(reference))) return;
  await open(recipe, { reference, path: ['base_model_name'] }, find, faults);
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
