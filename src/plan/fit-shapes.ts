import type { Member } from './group.js';
import type { OutlinedTensor } from './outline.js';
import { countFor, noteMisfit, type Problems } from './problems.js';
import { vocabularyAxis } from './tensor-roles.js';
import { isMergeable, promote, sameShape } from './tensor-view.js';

export type MismatchOptions = {
  /** Tensors of different shapes: refuse, leave out models that differ from the base, or pad with zeros to the largest. */
  readonly onMismatch: 'error' | 'skip' | 'pad';
  /** Cut embeddings and heads to the smallest vocabulary. */
  readonly truncateEmbeddings: boolean;
  /** Size of the donor's vocabulary. */
  readonly vocabulary: number | null;
  /** Rows that a tokenizer gives every vocabulary tensor; null: they stay as they are. */
  readonly rows: number | null;
};

/** Where the rows of the output come from: in place, by token, or the first ones. */
export type Rows = 'own' | 'aligned' | 'cropped';

export type Fitted = {
  readonly shape: readonly number[];
  readonly members: readonly Member[];
  readonly rows: Rows;
};

/** Whether the shapes differ along `axis` alone. */
const differOnlyAlong = (shapes: readonly (readonly number[])[], axis: number): boolean => {
  const [first = []] = shapes;
  return shapes.every(
    (shape) => shape.length === first.length && shape.every((size, at) => at === axis || size === first[at]),
  );
};

const largest = (shapes: readonly (readonly number[])[]): readonly number[] =>
  (shapes[0] ?? []).map((_, axis) => Math.max(...shapes.map((shape) => shape[axis] ?? 0)));

const rowsWanted = ({ rows, truncateEmbeddings }: MismatchOptions): Rows => {
  if (rows !== null) return 'aligned';
  return truncateEmbeddings ? 'cropped' : 'own';
};

/** Number of rows that the output has. */
const countRows = (
  wanted: Rows,
  { rows }: MismatchOptions,
  name: string,
  members: readonly Member[],
  problems: Problems,
): number => {
  if (wanted === 'aligned' && rows !== null) return rows;
  const sizes = members.map(({ view }) => view.shape[0] ?? 0);
  const [from, to] = [Math.max(...sizes), Math.min(...sizes)];
  if (from !== to) problems.cropped.set(name, { from, to });
  return to;
};

/** Brings one tensor of several models to one shape, as the options allow; null where it cannot be, which is noted. */
export const fitShapes = (
  { name, key, roles, isLoose }: OutlinedTensor,
  members: readonly Member[],
  options: MismatchOptions,
  problems: Problems,
): Fitted | null => {
  const [first] = members;
  if (first === undefined) return null;
  const axis = isLoose ? vocabularyAxis(key, first.view.shape, options.vocabulary) : null;
  const isFloating = isMergeable(promote(members.map(({ view }) => view.dtype)));
  const rows = axis === 0 && isFloating ? rowsWanted(options) : 'own';
  // Rows that are chosen one by one need not be equally many.
  const inner = ({ view }: Member): readonly number[] => (rows === 'own' ? view.shape : view.shape.slice(1));
  const fitted = (shape: readonly number[], fitting: readonly Member[]): Fitted => ({
    shape: rows === 'own' ? shape : [countRows(rows, options, name, fitting, problems), ...shape],
    members: fitting,
    rows,
  });
  const shapes = members.map(inner);
  const shape = inner(first);
  const fits = (member: Member): boolean => sameShape(inner(member), shape);
  if (members.every(fits)) return fitted(shape, members);
  const noteAll = (counts: Problems['padded'], isNoted: (member: Member) => boolean): void => {
    for (const member of members) {
      const written = roles.all[member.index]?.written;
      if (written !== undefined && isNoted(member)) countFor(counts, written, name);
    }
  };
  if (options.onMismatch === 'pad' && isFloating && shapes.every(({ length }) => length === shape.length)) {
    const padded = largest(shapes);
    noteAll(problems.padded, (member) => !sameShape(inner(member), padded));
    return fitted(padded, members);
  }
  if (options.onMismatch === 'skip') {
    noteAll(problems.skipped, (member) => !fits(member));
    return fitted(shape, members.filter(fits));
  }
  const whole = members.map(({ view }) => view.shape);
  const misfits = members.flatMap((member) => {
    const written = roles.all[member.index]?.written;
    return written === undefined ? [] : [{ written, shape: member.view.shape }];
  });
  const isVocabulary = axis !== null && differOnlyAlong(whole, axis);
  noteMisfit(problems, name, misfits, !isFloating ? 'integers' : isVocabulary ? 'vocabulary' : 'other');
  return null;
};
