import { dirname } from 'node:path';
import { UserError } from '../errors.js';
import { type Fault, faultWithoutPlace, isError } from '../fault.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { SideFile } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';
import { alignByDefault } from '../tokenizer/align-by-default.js';
import { chooseChatTemplate } from '../tokenizer/choose-chat-template.js';
import { compareVocabularies, differenceFaults } from '../tokenizer/compare-vocabularies.js';
import { placeChatTemplate } from '../tokenizer/place-chat-template.js';
import { planTokenizer, type TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import type { TokenizerFolder } from '../tokenizer/tokenizer-files.js';
import type { TokenizerModel } from '../tokenizer/tokenizer-model.js';
import type { Vocabulary } from '../tokenizer/vocabulary.js';
import { copyTokenizer } from '../tokenizer/write-tokenizer.js';
import type { Architecture } from './architecture.js';
import type { ModelTable } from './model-table.js';
import type { Describe } from './outline.js';

/** A model's tokenizer as far as it could be read. */
export type ReadTokenizer = {
  readonly folder: TokenizerFolder | null;
  /** The same for tokenizers whose files have the same content; null where there are none. */
  readonly digest: string | null;
  /** Parses the files when it is asked for; throws a UserError where they are broken. */
  readonly vocabulary: () => Vocabulary | null;
  /** Text of generation_config.json, which names special tokens by id. */
  readonly generation: string | null;
};

export type Tokenizers = {
  readonly of: (model: OpenedModel) => ReadTokenizer;
  /** The text of a file beside the recipe, or undefined where there is none. */
  readonly readFile: (path: string) => string | undefined;
};

export type PlannedVocabulary = {
  readonly plan: TokenizerPlan | null;
  /** All tokenizer files of the output; null: those of the donor, as they are. */
  readonly files: readonly SideFile[] | null;
  readonly faults: readonly Fault[];
};

export type VocabularyContext = {
  readonly recipe: Recipe;
  readonly models: ModelTable;
  readonly describe: Describe;
  readonly donor: Architecture;
  readonly tokenizers: Tokenizers;
  /** Whether the recipe's options say what happens to vocabularies of different sizes. */
  readonly isSettled: boolean;
};

const embeddingRows = (architecture: Architecture): number | null =>
  architecture.views.get(architecture.embedding ?? '')?.shape[0] ?? null;

/** A model's tokens, or a warning why they cannot be read: only a recipe that needs them cannot go on without. */
const vocabularyOf = (tokenizer: ReadTokenizer | null, faults: Fault[]): Vocabulary | null => {
  try {
    return tokenizer?.vocabulary() ?? null;
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    const { code, message, hint } = error;
    faults.push(faultWithoutPlace({ severity: 'warning', code, message, hint }));
    return null;
  }
};

type Candidate = Omit<TokenizerModel, 'vocabulary'> & { readonly tokenizer: ReadTokenizer | null };

const candidatesOf = ({ models, describe, tokenizers }: VocabularyContext): Candidate[] =>
  models.participants.map((participant) => {
    const { reference, path } = participant.written;
    const architecture = describe(participant);
    const tokenizer = architecture === null ? null : tokenizers.of(architecture.model);
    const rows = architecture === null ? null : embeddingRows(architecture);
    return { name: reference.text, reference, folder: tokenizer?.folder ?? null, tokenizer, rows, path };
  });

/** Whether all models plainly have the same tokens in the same rows. */
const areAlike = (candidates: readonly Candidate[]): boolean => {
  const known = candidates.filter(({ rows }) => rows !== null);
  const [first] = known;
  return known.every(({ rows, tokenizer }) => rows === first?.rows && tokenizer?.digest === first?.tokenizer?.digest);
};

/** Different meanings of one id, as warnings where the options have settled what to do. */
const differences = ({ recipe }: VocabularyContext, models: readonly TokenizerModel[]): Fault[] => {
  const named = models.flatMap(({ rows, ...model }) => (rows === null ? [] : [{ ...model, rows }]));
  return differenceFaults(named, compareVocabularies(named), recipe.source.faultAt, 'warning');
};

const align = (context: VocabularyContext, models: readonly TokenizerModel[]) => {
  const { recipe, donor, isSettled } = context;
  const { faultAt } = recipe.source;
  const base = Math.max(
    0,
    models.findIndex((_, index) => context.models.participants[index]?.opened === donor.model),
  );
  if (recipe.tokenizer !== null) return planTokenizer({ request: recipe.tokenizer, models, base, faultAt });
  const known = models.filter(({ vocabulary, rows }) => vocabulary !== null && rows !== null);
  // Sizes without tokens to compare are a matter of shapes.
  if (known.length < models.filter(({ rows }) => rows !== null).length) return { plan: null, faults: [] };
  const path = recipe.modules[0]?.path.map(String) ?? [];
  if (isSettled) return { plan: null, faults: differences(context, known) };
  return alignByDefault({ models, base, faultAt, path });
};

/** Where the files of a tokenizer that are copied come from. */
const folderOf = (files: readonly SideFile[], models: readonly TokenizerModel[]): TokenizerFolder | null => {
  const copied = files.find(({ source }) => source !== null)?.source;
  if (copied === undefined || copied === null) return null;
  return models.find(({ folder }) => folder?.path === dirname(copied))?.folder ?? null;
};

/** Decides the tokenizer of the output, its files, and the rows of all vocabulary tensors. */
export const planVocabulary = (context: VocabularyContext): PlannedVocabulary => {
  const { recipe, donor, tokenizers } = context;
  const candidates = candidatesOf(context);
  const doubts: Fault[] = [];
  const isNeeded = recipe.tokenizer !== null || !areAlike(candidates);
  const models = candidates.map(
    ({ tokenizer, ...model }): TokenizerModel => ({
      ...model,
      vocabulary: isNeeded ? vocabularyOf(tokenizer, doubts) : null,
    }),
  );
  const aligned = isNeeded ? align(context, models) : { plan: null, faults: [] };
  const { plan } = aligned;
  const faults = [...doubts, ...aligned.faults];
  if (recipe.chatTemplate === null) return { plan, files: plan?.files ?? null, faults };
  const chosen = chooseChatTemplate({
    request: recipe.chatTemplate,
    folders: models.map((model) => model.folder),
    readFile: tokenizers.readFile,
    faultAt: recipe.source.faultAt,
  });
  const all = [...faults, ...chosen.faults];
  const own = tokenizers.of(donor.model).folder;
  const files = plan?.files ?? (own === null ? [] : copyTokenizer(own));
  const folder = folderOf(files, models) ?? own;
  if (chosen.text === null || folder === null || all.some(isError))
    return { plan, files: plan?.files ?? null, faults: all };
  return { plan, files: placeChatTemplate(files, folder, chosen.text), faults: all };
};
