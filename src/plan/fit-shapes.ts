import type { Member } from './group.js';
import type { JsonObject } from './json-record.js';
import type { OutlinedTensor } from './outline.js';
import { countFor, noteMisfit, type Problems } from './problems.js';
import { isHead, isTokenEmbedding, vocabularyAxis } from './tensor-roles.js';
import { isMergeable, promote, sameShape } from './tensor-view.js';

export type MismatchOptions = {
  /** Tensors of different shapes: refuse, leave out models that differ from the base, or pad with zeros to the largest. */
  readonly onMismatch: 'error' | 'skip' | 'pad';
  /** Cut embeddings and heads to the smallest vocabulary. */
  readonly truncateEmbeddings: boolean;
  /** Size of the donor's vocabulary. */
  readonly vocabulary: number | null;
  /** Rows that embedding and head are cut to; null: each tensor is cut to its own smallest. */
  readonly smallest: number | null;
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

const isOfTokens = (key: string): boolean => isTokenEmbedding(key) || isHead(key);

/**
 * The fewest rows that an embedding or a head has in any model: config.json has one number for both. Null for models
 * that read one vocabulary and write another.
 */
export const smallestVocabulary = (
  tensors: readonly Pick<OutlinedTensor, 'key' | 'isLoose' | 'views'>[],
  config: JsonObject | null,
): number | null => {
  if (config?.is_encoder_decoder === true) return null;
  const rows = tensors.flatMap(({ key, isLoose, views }) =>
    isLoose && isOfTokens(key) ? views.flatMap((view) => view?.shape[0] ?? []) : [],
  );
  return rows.length === 0 ? null : Math.min(...rows);
};

/** Number of rows that the output has. */
const countRows = (
  wanted: Rows,
  { rows, smallest }: MismatchOptions,
  { name, key }: Pick<OutlinedTensor, 'name' | 'key'>,
  members: readonly Member[],
  problems: Problems,
): number => {
  if (wanted === 'aligned' && rows !== null) return rows;
  const sizes = members.map(({ view }) => view.shape[0] ?? 0);
  const least = Math.min(...sizes);
  const [from, to] = [Math.max(...sizes), isOfTokens(key) ? Math.min(least, smallest ?? least) : least];
  if (from !== to) problems.cropped.set(name, { from, to });
  return to;
};

/** Brings one tensor of several models to one shape, as the options allow; null where it cannot be, which is noted. */
export const fitShapes = (
  tensor: OutlinedTensor,
  members: readonly Member[],
  options: MismatchOptions,
  problems: Problems,
): Fitted | null => {
  const { name, key, roles, isLoose } = tensor;
  const [first] = members;
  if (first === undefined) return null;
  const axis = isLoose ? vocabularyAxis(key, first.view.shape, options.vocabulary) : null;
  const isFloating = isMergeable(promote(members.map(({ view }) => view.dtype)));
  const rows = axis === 0 && isFloating ? rowsWanted(options) : 'own';
  // Rows that are chosen one by one need not be equally many.
  const inner = ({ view }: Member): readonly number[] => (rows === 'own' ? view.shape : view.shape.slice(1));
  const fitted = (shape: readonly number[], fitting: readonly Member[]): Fitted => ({
    shape: rows === 'own' ? shape : [countRows(rows, options, tensor, fitting, problems), ...shape],
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
