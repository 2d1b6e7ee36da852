import type { RecipeSource } from '../recipe/recipe.js';

/** One tensor's shape in one model. */
export type ShapeRow = { readonly written: RecipeSource; readonly shape: readonly number[] };

/** What the tensors of a misfit are, which decides the ways out: those of stacked layers, integers, or any others. */
export type MisfitKind = 'vocabulary' | 'stacked' | 'integers' | 'other';

/** Tensors of the same misfit: the same models with the same differing sizes. */
export type Misfit = {
  readonly kind: MisfitKind;
  readonly rows: readonly ShapeRow[];
  /** Sizes that differ, per row. */
  readonly sizes: readonly string[];
  /** Number of tensors by pattern of their names. */
  readonly names: Map<string, number>;
};

/** What does not fit, gathered tensor by tensor and reported by kind. */
export type Problems = {
  readonly misfits: Map<string, Misfit>;
  readonly missing: Map<RecipeSource, Map<string, number>>;
  readonly ignored: Map<RecipeSource, Map<string, number>>;
  /** Tensors in which a model takes no part, or is padded, cropped or dropped, because it does not fit. */
  readonly skipped: Map<RecipeSource, Map<string, number>>;
  readonly padded: Map<RecipeSource, Map<string, number>>;
  readonly cropped: Map<string, { readonly from: number; readonly to: number }>;
  readonly dropped: Map<string, number>;
  readonly dtypes: Set<string>;
};

export const noProblems = (): Problems => ({
  misfits: new Map(),
  missing: new Map(),
  ignored: new Map(),
  skipped: new Map(),
  padded: new Map(),
  cropped: new Map(),
  dropped: new Map(),
  dtypes: new Set(),
});

/** A name with every number left open: one pattern for all layers and experts. */
export const patternOf = (name: string): string => name.replace(/\.\d+(?=\.|$)/g, '.*');

export const countName = (names: Map<string, number>, name: string): void => {
  const pattern = patternOf(name);
  names.set(pattern, (names.get(pattern) ?? 0) + 1);
};

export const countFor = (counts: Map<RecipeSource, Map<string, number>>, written: RecipeSource, name: string): void => {
  const names = counts.get(written) ?? new Map<string, number>();
  counts.set(written, names);
  countName(names, name);
};

/** The sizes of each row along the axes in which the rows differ; whole shapes where ranks differ. */
const differingSizes = (rows: readonly ShapeRow[]): string[] => {
  const [first] = rows;
  const axes = first?.shape.map((_, axis) => axis) ?? [];
  const sameRank = rows.every(({ shape }) => shape.length === first?.shape.length);
  const differing = axes.filter((axis) => rows.some(({ shape }) => shape[axis] !== first?.shape[axis]));
  return rows.map(({ shape }) =>
    sameRank ? differing.map((axis) => shape[axis]).join(' × ') : `[${shape.join(', ')}]`,
  );
};

/** Notes a tensor whose shapes do not fit each other. */
export const noteMisfit = ({ misfits }: Problems, name: string, rows: readonly ShapeRow[], kind: MisfitKind): void => {
  const sizes = differingSizes(rows);
  const key = JSON.stringify([kind, rows.map(({ written }) => written.path), sizes]);
  const misfit = misfits.get(key) ?? { kind, rows, sizes, names: new Map<string, number>() };
  misfits.set(key, misfit);
  countName(misfit.names, name);
};

/** Takes back the misfits of a kind. */
export const forgetMisfits = ({ misfits }: Problems, kind: MisfitKind): void => {
  for (const [key, misfit] of misfits) if (misfit.kind === kind) misfits.delete(key);
};
