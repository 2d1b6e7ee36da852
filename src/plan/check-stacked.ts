import type { RecipeSource } from '../recipe/recipe.js';
import type { Architecture } from './architecture.js';
import type { GroupedTensor } from './draft-steps.js';
import { noteMisfit, type Problems } from './problems.js';

/** The shape that a model's tensors of a kind have in all layers; kinds whose shapes vary are left out. */
const uniformShapes = ({ names, views }: Architecture): ReadonlyMap<string, readonly number[]> => {
  const shapes = new Map<string, readonly number[] | null>();
  for (const { kind, key } of names) {
    const shape = views.get(key)?.shape ?? [];
    const known = shapes.get(kind);
    if (known === undefined) shapes.set(kind, shape);
    else if (known !== null && String(known) !== String(shape)) shapes.set(kind, null);
  }
  return new Map([...shapes].flatMap(([kind, shape]) => (shape === null ? [] : [[kind, shape] as const])));
};

/** Layers taken from several models have to fit the one configuration that the output has. */
export const checkStacked = (
  donor: { readonly written: RecipeSource; readonly architecture: Architecture },
  grouped: readonly GroupedTensor[],
  problems: Problems,
): void => {
  const stacked = grouped.filter(({ tensor }) => tensor.roles.module.form === 'slices');
  if (stacked.length === 0) return;
  const shapes = uniformShapes(donor.architecture);
  for (const { tensor, group } of stacked) {
    const { roles, name, kind } = tensor;
    const expected = shapes.get(kind);
    const member = group.base ?? group.inputs[0];
    const written = member === undefined ? undefined : roles.all[member.index]?.written;
    if (expected === undefined || written === undefined) continue;
    // A tokenizer decides the number of rows, for config.json too.
    const first = group.rows === 'aligned' ? 1 : 0;
    if (String(expected.slice(first)) === String(group.shape.slice(first))) continue;
    const rows = [
      { written: donor.written, shape: expected },
      { written, shape: group.shape },
    ];
    noteMisfit(problems, name, rows, 'stacked');
  }
};
