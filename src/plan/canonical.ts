/** First components that only say which class saved a model: the tensors below them are the same. */
const wrappers = new Set([
  ...['_orig_mod', 'module', 'model', 'language_model', 'transformer', 'backbone', 'gpt_neox'],
  ...['bert', 'roberta', 'distilbert', 'electra'],
]);

/** A loose tensor's name, or a stack's, without wrappers: `transformer.wte.weight` and `wte.weight` are one. */
export const withoutWrappers = (name: string): string => {
  let start = 0;
  for (let dot = name.indexOf('.'); dot > 0 && wrappers.has(name.slice(start, dot)); dot = name.indexOf('.', start)) {
    start = dot + 1;
  }
  return name.slice(start);
};

/** Names of an expert's three matrices in Mixtral's files, by what everybody else calls them. */
const expertNames: Readonly<Record<string, string>> = { w1: 'gate_proj', w2: 'down_proj', w3: 'up_proj' };

/** Spellings of the same tensor by family and age of the file: BERT's gamma and beta, Mixtral's experts. */
export const commonSpelling = (name: string): string =>
  name
    .replace(/LayerNorm\.gamma$/, 'LayerNorm.weight')
    .replace(/LayerNorm\.beta$/, 'LayerNorm.bias')
    .replace(/(^|\.)block_sparse_moe\./, '$1mlp.')
    .replace(/(experts\.\d+\.)(w[123])\./, (_, before: string, matrix: string) => `${before}${expertNames[matrix]}.`);
