import type { Member } from './group.js';
import type { OutlinedTensor } from './outline.js';
import { countFor, noteMisfit, type Problems } from './problems.js';
import { vocabularyAxis } from './tensor-roles.js';
import { rowsOf } from './tensor-view.js';

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

export type Fitted = {
  readonly shape: readonly number[];
  readonly members: readonly Member[];
  /** Whether the rows are brought to the vocabulary of the output. */
  readonly isAligned: boolean;
};

const sameShape = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((size, axis) => size === b[axis]);

/** Whether the shapes differ along `axis` alone. */
const differOnlyAlong = (shapes: readonly (readonly number[])[], axis: number): boolean => {
  const [first = []] = shapes;
  return shapes.every(
    (shape) => shape.length === first.length && shape.every((size, at) => at === axis || size === first[at]),
  );
};

const largest = (shapes: readonly (readonly number[])[]): readonly number[] =>
  (shapes[0] ?? []).map((_, axis) => Math.max(...shapes.map((shape) => shape[axis] ?? 0)));

const cropped = (members: readonly Member[], rows: number): Member[] =>
  members.flatMap(({ index, view }) => {
    const cut = view.shape[0] === rows ? view : rowsOf(view, 0, rows);
    return cut === null ? [] : [{ index, view: cut }];
  });

/** Brings one tensor of several models to one shape, as the options allow; null where it cannot be, which is noted. */
export const fitShapes = (
  tensor: OutlinedTensor,
  members: readonly Member[],
  { onMismatch, truncateEmbeddings, vocabulary, rows }: MismatchOptions,
  problems: Problems,
): Fitted | null => {
  const { name, key, roles, isLoose } = tensor;
  const [first, ...others] = members;
  if (first === undefined) return null;
  const { shape } = first.view;
  const axis = isLoose ? vocabularyAxis(key, shape, vocabulary) : null;
  const isAlike = others.every(({ view }) => sameShape(view.shape, shape));
  if (isAlike && (rows === null || axis !== 0)) return { shape, members, isAligned: false };
  const shapes = members.map(({ view }) => view.shape);
  const writtenOf = ({ index }: Member) => roles.all[index]?.written;
  const isVocabulary = axis !== null && differOnlyAlong(shapes, axis);
  if (isVocabulary && axis === 0 && rows !== null) {
    return { shape: [rows, ...shape.slice(1)], members, isAligned: true };
  }
  if (isVocabulary && axis === 0 && truncateEmbeddings) {
    const sizes = shapes.map(([size = 0]) => size);
    const least = Math.min(...sizes);
    problems.cropped.set(name, { from: Math.max(...sizes), to: least });
    return { shape: [least, ...shape.slice(1)], members: cropped(members, least), isAligned: false };
  }
  if (onMismatch === 'pad' && shapes.every(({ length }) => length === shape.length)) {
    const padded = largest(shapes);
    for (const member of members) {
      const written = writtenOf(member);
      if (written !== undefined && !sameShape(member.view.shape, padded)) countFor(problems.padded, written, name);
    }
    return { shape: padded, members, isAligned: false };
  }
  if (onMismatch === 'skip') {
    const fitting = members.filter(({ view }) => sameShape(view.shape, shape));
    for (const member of members) {
      const written = writtenOf(member);
      if (written !== undefined && !fitting.includes(member)) countFor(problems.skipped, written, name);
    }
    return { shape, members: fitting, isAligned: false };
  }
  const misfits = members.flatMap((member) => {
    const written = writtenOf(member);
    return written === undefined ? [] : [{ written, shape: member.view.shape }];
  });
  noteMisfit(problems, name, misfits, isVocabulary);
  return null;
};
