import { relative } from 'node:path';
import { exitCodes } from '../errors.js';
import { type ModelReference, nameOf } from '../hub/reference.js';
import { readRecipe } from '../recipe/read-recipe.js';
import { type Recipe, type RecipeSource, slicesOf } from '../recipe/recipe.js';
import { displayWidth, padEnd, paintRow, type Row, span, truncate } from '../report/rows.js';
import { styleFor } from '../report/style.js';
import { type CliContext, widthOf } from './context.js';
import { type KitEntry, kitEntries } from './kit-registry.js';

/** One name of the list; null where its config cannot be read. */
type Listed = {
  readonly name: string;
  /** The model that everything starts from. */
  readonly family: string | null;
  readonly method: string | null;
  readonly models: readonly string[];
  readonly file: string;
};

/** The models as written; SLERP counts the first of them as its base. */
const modelsOf = (recipe: Recipe): readonly RecipeSource[] => [
  ...(recipe.method === 'slerp' && recipe.base !== null ? [recipe.base] : []),
  ...slicesOf(recipe).flatMap(({ sources }) => sources),
];

const familyOf = ({ model }: ModelReference, cwd: string): string =>
  model.kind === 'hub' ? nameOf(model) : relative(cwd, model.path) || nameOf(model);

const describe = ({ name, file }: KitEntry, cwd: string): Listed => {
  const { recipe } = readRecipe(file, { cwd, registered: name });
  const base = recipe?.adapterBase ?? recipe?.base?.reference;
  return {
    name,
    family: base === undefined ? null : familyOf(base, cwd),
    method: recipe?.method ?? null,
    models:
      recipe === null ? [] : modelsOf(recipe).map(({ reference }) => nameOf(reference.adapter ?? reference.model)),
    file: relative(cwd, file),
  };
};

const gap = 2;

const tableOf = (entries: readonly Listed[], width: number, ellipsis: string): Row[] => {
  const cells = entries.map(({ name, family, method, models, file }) => [
    name,
    method ?? 'unreadable',
    family ?? '',
    models.length === 0 ? `see \`amalgam plan ${file}\`` : models.join(', '),
  ]);
  const table = [['name', 'method', 'family', 'models'], ...cells];
  const widths = [0, 1, 2].map((column) => Math.max(...table.map((row) => displayWidth(row[column] ?? ''))) + gap);
  const room = Math.max(16, width - widths.reduce((sum, each) => sum + each, 0));
  return table.map(([name = '', method = '', family = '', models = ''], index): Row => {
    const role = index === 0 ? 'muted' : undefined;
    return [
      span(padEnd(name, widths[0] ?? 0), role ?? 'strong'),
      span(padEnd(method, widths[1] ?? 0), role ?? 'accent'),
      span(padEnd(family, widths[2] ?? 0), role),
      span(truncate(models, room, ellipsis), role),
    ];
  });
};

/** `amalgam kit` alone: every registered name with its family, method and models. */
export const listKit = (context: CliContext, json: boolean): number => {
  const { cwd, stdout, env } = context;
  const entries = kitEntries(cwd).map((entry) => describe(entry, cwd));
  if (json) {
    stdout.write(`${JSON.stringify(entries)}\n`);
    return exitCodes.ok;
  }
  const style = styleFor(stdout, env);
  // Whole names where nobody looks at the width.
  const width = stdout.isTTY ? widthOf(context) : Number.POSITIVE_INFINITY;
  for (const row of tableOf(entries, width, style.glyphs.ellipsis)) stdout.write(`${paintRow(row, style)}\n`);
  return exitCodes.ok;
};
