import type { TokenizerPlan } from '../tokenizer/plan-tokenizer.js';
import type { JsonObject } from './json-record.js';

/** The entries of an object that name special tokens of a model by id, with their ids in the output; only those that change. */
export const changedTokenIds = (
  object: JsonObject,
  tokenizer: TokenizerPlan | null,
  model: number,
): Record<string, unknown> => {
  if (tokenizer === null) return {};
  const idOf = (id: unknown): unknown =>
    typeof id === 'number' && Number.isInteger(id) && id >= 0 ? (tokenizer.outputId(model, id) ?? id) : id;
  const entries = Object.entries(object).filter(([key]) => /_token_id$/.test(key));
  const mapped = entries.map(([key, id]) => [key, Array.isArray(id) ? id.map(idOf) : idOf(id)] as const);
  return Object.fromEntries(mapped.filter(([, id], index) => String(id) !== String(entries[index]?.[1])));
};
