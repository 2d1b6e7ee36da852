import { type Fault, type FaultDescription, isError } from '../fault.js';
import { plural, printable } from '../format.js';
import { identityOf } from '../hub/reference.js';
import type { RowMap, SideFile } from '../protocol/plan.js';
import type { YamlSource } from '../yaml.js';
import { type Alignment, alignRows, type Holder } from './align-rows.js';
import { chooseRows } from './choose-rows.js';
import { describeBeyond } from './compare-vocabularies.js';
import { outputVocabulary } from './output-vocabulary.js';
import type { TokenizerRequest } from './request.js';
import type { TokenizerFolder } from './tokenizer-files.js';
import type { TokenizerModel } from './tokenizer-model.js';
import { tokensById, type Vocabulary } from './vocabulary.js';
import { writeTokenizer } from './write-tokenizer.js';

export type TokenizerPlan = {
  /** All tokenizer files of the result; they take the place of those of the model that its other files come from. */
  readonly files: readonly SideFile[];
  readonly vocabulary: Vocabulary;
  /** Rows of every vocabulary tensor of the result, and `vocab_size` of its configuration. */
  readonly vocabSize: number;
  /** The row map of each model, by its index; null for a model without a matrix. */
  readonly rowMaps: readonly (RowMap | null)[];
  /** Row maps for a tensor that only `holders` have, in their order. */
  readonly rowMapsAmong: (holders: readonly Holder[]) => readonly RowMap[];
  /** The id in the result of what a model calls `id`, such as its `eos_token_id`; null where the result lacks the token. */
  readonly outputId: (model: number, id: number) => number | null;
};

export type TokenizerPlanOptions = {
  readonly request: TokenizerRequest;
  readonly models: readonly TokenizerModel[];
  /** Index of the base: the recipe's, or else the first model. */
  readonly base: number;
  readonly faultAt: YamlSource['faultAt'];
};

/** The model whose tokenizer the result starts from. */
type Donor = {
  readonly index: number;
  readonly name: string;
  readonly rows: number | null;
  readonly vocabulary: Vocabulary;
  readonly folder: TokenizerFolder;
};

const donorOf = ({ request, models, base }: TokenizerPlanOptions): Donor | FaultDescription => {
  const { source } = request;
  const index =
    typeof source === 'string'
      ? base
      : models.findIndex(({ reference }) => identityOf(reference) === identityOf(source));
  const model = models[index];
  if (model === undefined) {
    const text = typeof source === 'string' ? source : source.text;
    return { code: 'tokenizer-unknown', message: `\`${text}\` is none of the models of this recipe` };
  }
  const { name, rows, vocabulary, folder } = model;
  if (vocabulary !== null && folder !== null) return { index, name, rows, vocabulary, folder };
  return {
    code: 'tokenizer-missing',
    message: `${name} has no tokenizer that can be read`,
    hint: 'name another model as the source of the tokenizer',
  };
};

/** Rows of the result: the donor's where nothing else is asked for, so that padded rows stay; else a multiple. */
const sizeOf = (tokens: number, donorRows: number, multiple: number | null): { rows: number; padding: number } => {
  if (multiple === null) return { rows: Math.max(tokens, donorRows), padding: 0 };
  const rows = Math.ceil(tokens / multiple) * multiple;
  return { rows, padding: rows - tokens };
};

/** Row of a token in a model's matrix. */
const rowIn =
  (vocabulary: Vocabulary | null, rows: number) =>
  (token: string): number | undefined => {
    const id = vocabulary?.tokens.get(token);
    return id !== undefined && id < rows ? id : undefined;
  };

/** Decides the tokenizer of the result and how the rows of each model's vocabulary tensors are brought to it; null with an error. */
export const planTokenizer = (options: TokenizerPlanOptions): { plan: TokenizerPlan | null; faults: Fault[] } => {
  const { request, models, base, faultAt } = options;
  const donor = donorOf(options);
  if ('code' in donor) return { plan: null, faults: [faultAt(request.path, donor)] };
  const { vocabulary, faults: united } = outputVocabulary(request, donor, models);
  const { files, faults: unwritable } = writeTokenizer(donor.folder, donor.vocabulary, vocabulary);
  const faults = [...withoutRow(donor), ...united, ...unwritable].map((fault) => faultAt(request.path, fault));

  const known = models.map((model) => model.vocabulary ?? models[base]?.vocabulary ?? null);
  const rowOf = models.map(({ rows }, index) => rowIn(known[index] ?? null, rows ?? 0));
  const { chosen, forced, faults: wrong } = chooseRows(request.tokens, models, rowOf, faultAt);
  const tokens = tokensById(vocabulary);
  const donorRows = donor.rows ?? 0;
  const alignment: Alignment = {
    tokens,
    ...sizeOf(vocabulary.size, donorRows, request.padToMultipleOf),
    rowOf,
    unnamed: (id) => (id < donorRows ? { model: donor.index, row: id } : undefined),
    base,
    chosen,
    forced,
  };
  const holders = models.flatMap(({ rows }, model) => (rows === null ? [] : [{ model, rows }]));
  const nowhere = tokens.filter(
    (token): token is string =>
      token !== undefined && !chosen.has(token) && holders.every(({ model }) => rowOf[model]?.(token) === undefined),
  );
  const doubts = [...assumedAlike(models, base), ...zeroRows(nowhere)].map((fault) => faultAt(request.path, fault));
  const maps = alignRows(alignment, holders);
  const plan: TokenizerPlan = {
    files,
    vocabulary,
    vocabSize: alignment.rows,
    rowMaps: models.map((_, index) => maps[holders.findIndex(({ model }) => model === index)] ?? null),
    rowMapsAmong: (some) => alignRows(alignment, some),
    outputId: (model, id) => {
      const token = known[model] ? tokensById(known[model])[id] : undefined;
      return token === undefined ? null : (vocabulary.tokens.get(token) ?? null);
    },
  };
  const all = [...faults, ...wrong, ...doubts];
  return { plan: all.some(isError) ? null : plan, faults: all };
};

const withoutRow = ({ name, vocabulary, rows }: Donor): FaultDescription[] => {
  if (rows === null || vocabulary.size <= rows) return [];
  const beyond = [...vocabulary.tokens].filter(([, id]) => id >= rows).sort(([, a], [, b]) => a - b);
  return [
    describeBeyond(
      name,
      rows,
      beyond.map(([token, id]) => ({ id, token })),
    ),
  ];
};

const assumedAlike = (models: readonly TokenizerModel[], base: number): FaultDescription[] =>
  models
    .filter(({ vocabulary }, index) => vocabulary === null && index !== base)
    .map(({ name }) => ({
      severity: 'warning',
      code: 'tokenizer-assumed',
      message: `${name} has no tokenizer that can be read: its tokens are taken to be those of ${models[base]?.name}`,
    }));

const zeroRows = (tokens: readonly string[]): FaultDescription[] =>
  tokens.length === 0
    ? []
    : [
        {
          severity: 'warning',
          code: 'token-without-source',
          message: `no model has a row for ${plural(tokens.length, 'token')}, which will be zeros: ${tokens.slice(0, 5).map(printable).join(', ')}`,
          hint: 'name a `source` for them under `tokenizer.tokens`',
        },
      ];
