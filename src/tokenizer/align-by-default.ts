import type { Fault } from '../fault.js';
import type { YamlPath } from '../yaml.js';
import { compareVocabularies, describeDifference, type NamedVocabulary } from './compare-vocabularies.js';
import { planTokenizer, type TokenizerPlan, type TokenizerPlanOptions } from './plan-tokenizer.js';

/**
 * What happens to vocabularies when the recipe says nothing about a tokenizer. Models whose matrices have equally many
 * rows need nothing (null), as long as equal ids mean equal tokens. Where one has more rows, the vocabularies are
 * united: tokens that only some models have come from those. Ids that mean different tokens are an error.
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
  const named = models.flatMap(({ name, vocabulary, rows }): NamedVocabulary[] =>
    rows === null ? [] : [{ name, vocabulary, rows }],
  );
  const faults = compareVocabularies(named)
    .flatMap((difference) => describeDifference(named, difference))
    .map((fault) => faultAt(path, fault));
  const alike = named.every(({ rows }) => rows === named[0]?.rows);
  if (alike || faults.some(({ severity }) => severity === 'error')) return { plan: null, faults };
  return planTokenizer({
    request: { source: 'union', tokens: [], padToMultipleOf: null, path },
    models,
    base,
    faultAt,
  });
};
