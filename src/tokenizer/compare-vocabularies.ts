import { exitCodes } from '../errors.js';
import type { Fault, FaultDescription } from '../fault.js';
import { plural, printable } from '../format.js';
import type { YamlPath, YamlSource } from '../yaml.js';
import { tokensById, type Vocabulary } from './vocabulary.js';

export type NamedVocabulary = {
  /** As people call the model. */
  readonly name: string;
  /** Null where the model has no tokenizer that can be read. */
  readonly vocabulary: Vocabulary | null;
  /** Rows of the embedding matrix. */
  readonly rows: number;
  /** Where the recipe names the model. */
  readonly path: YamlPath;
};

/** An id with another token in another model. */
export type DifferentToken = { readonly id: number; readonly token: string; readonly other: string };

/** How a model's vocabulary relates to those before it. */
export type VocabularyDifference = {
  /** Index of the model. */
  readonly model: number;
  /** Index of the earlier model that it disagrees with; null where it agrees with all. */
  readonly against: number | null;
  /** Ids that mean something else here, ascending. */
  readonly different: readonly DifferentToken[];
  /** Tokens at ids that no earlier model uses, ascending. */
  readonly extra: readonly { readonly id: number; readonly token: string }[];
  /** Tokens whose ids are beyond the matrix, ascending: they have no row. */
  readonly beyond: readonly { readonly id: number; readonly token: string }[];
  /** Rows after the last token. */
  readonly padding: number;
};

/** Compares what ids mean, model after model; only tokens that have a row count. Models without a tokenizer are left out. */
export const compareVocabularies = (models: readonly NamedVocabulary[]): VocabularyDifference[] => {
  const known: { token: string; model: number }[] = [];
  return models.flatMap(({ vocabulary, rows }, model): VocabularyDifference[] => {
    if (vocabulary === null) return [];
    const different: DifferentToken[] = [];
    const extra: { id: number; token: string }[] = [];
    const beyond: { id: number; token: string }[] = [];
    let against: number | null = null;
    tokensById(vocabulary).forEach((token, id) => {
      if (token === undefined) return;
      const earlier = known[id];
      if (id >= rows) beyond.push({ id, token });
      else if (earlier === undefined) {
        known[id] = { token, model };
        if (model > 0) extra.push({ id, token });
      } else if (earlier.token !== token) {
        against ??= earlier.model;
        different.push({ id, token: earlier.token, other: token });
      }
    });
    return [{ model, against, different, extra, beyond, padding: Math.max(0, rows - vocabulary.size) }];
  });
};

/** Tokens named in a message. */
const shown = 5;

const some = (items: readonly string[]): string =>
  items.slice(0, shown).join(', ') + (items.length > shown ? `, and ${items.length - shown} more` : '');

const quoted = (token: string): string => `\`${printable(token)}\``;

/** What a recipe without a choice of tokenizer has to be told about a difference; nothing for one that is aligned by itself. */
const describeDifference = (
  models: readonly NamedVocabulary[],
  { name, rows }: NamedVocabulary,
  { against, different, beyond }: VocabularyDifference,
): FaultDescription[] => {
  const faults: FaultDescription[] = [];
  if (against !== null) {
    const earlier = models[against];
    const named = (model?: string, count?: number): string =>
      earlier?.rows === rows ? `${model}` : `${model} (${plural(count ?? 0, 'row')})`;
    const tokens = different.map(({ id, token, other }) => `${id} is ${quoted(token)} there and ${quoted(other)} here`);
    faults.push({
      code: 'vocabulary-mismatch',
      message: `${named(name, rows)} and ${named(earlier?.name, earlier?.rows)} mean different tokens by ${plural(different.length, 'id')}: ${some(tokens)}`,
      hint: 'choose the tokenizer of the result: `tokenizer_source: union`, `base`, or one of the models; `--on-mismatch skip` or `pad`, and `--unsafe-truncate-embeddings`, merge row by row whatever the rows mean',
      exitCode: exitCodes.incompatible,
    });
  }
  if (beyond.length > 0) faults.push(describeBeyond(name, rows, beyond));
  return faults;
};

/** What has to be said about the differences, at the models that differ; errors are of `severity`. */
export const differenceFaults = (
  models: readonly NamedVocabulary[],
  differences: readonly VocabularyDifference[],
  faultAt: YamlSource['faultAt'],
  severity: Fault['severity'] = 'error',
): Fault[] =>
  differences.flatMap((difference) => {
    const model = models[difference.model];
    if (model === undefined) return [];
    return describeDifference(models, model, difference).map((fault) => faultAt(model.path, { severity, ...fault }));
  });

/** The warning about tokens that a model's tokenizer has and its matrix lacks. */
export const describeBeyond = (
  name: string,
  rows: number,
  beyond: readonly { readonly id: number; readonly token: string }[],
): FaultDescription => ({
  severity: 'warning',
  code: 'token-without-row',
  message: `the tokenizer of ${name} has ${plural(beyond.length, 'token')} beyond the ${plural(rows, 'row')} of its matrix: ${some(beyond.map(({ id, token }) => `${quoted(token)} (${id})`))}`,
  hint: '`tokenizer_source: base` leaves such tokens out; naming the model there keeps them and adds rows',
});
