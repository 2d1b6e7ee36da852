import { type Fault, isError } from '../fault.js';
import type { YamlPath } from '../yaml.js';
import { compareVocabularies, differenceFaults, type NamedVocabulary } from './compare-vocabularies.js';
import { planTokenizer, type TokenizerPlan, type TokenizerPlanOptions } from './plan-tokenizer.js';

/**
 * What happens to vocabularies when the recipe says nothing about a tokenizer. Models with the same tokens and equally
 * many rows need nothing (null). Where one has more tokens or rows, the vocabularies are united: tokens that only some
 * models have come from those. Ids that mean different tokens are an error.
 */
export const alignByDefault = ({
  models,
  base,
  faultAt,
  path,
}: Omit<TokenizerPlanOptions, 'request'> & { readonly path: YamlPath }): {
  plan: TokenizerPlan | null;
  faults: Fault[];
} => {
  const named = models.flatMap(({ rows, ...model }): NamedVocabulary[] => (rows === null ? [] : [{ ...model, rows }]));
  const differences = compareVocabularies(named);
  const faults = differenceFaults(named, differences, faultAt);
  const alike =
    named.every(({ rows }) => rows === named[0]?.rows) && differences.every(({ extra }) => extra.length === 0);
  if (alike || faults.some(isError)) return { plan: null, faults };
  return planTokenizer({
    request: { source: 'union', tokens: [], padToMultipleOf: null, path },
    models,
    base,
    faultAt,
  });
};
