import { isRecord, type JsonObject } from './json-record.js';

const embeddingName =
  /(^|\.)(embed_tokens|wte|word_embeddings?|tok_embeddings|token_embeddings?|embed_in|shared|embedding)\.weight$/;

const headName =
  /(^|\.)(lm_head|embed_out|output|output_layer|cls\.predictions\.decoder|lm_head\.decoder|vocab_projector)\.(weight|bias)$/;

const headBias = /^(cls\.predictions\.bias|lm_head\.bias|final_logits_bias)$/;

/** A tensor outside the stacks, by its name without wrappers. */
export const isTokenEmbedding = (key: string): boolean => embeddingName.test(key) && !headName.test(key);

export const isHead = (key: string): boolean => headName.test(key) || headBias.test(key);

/** The size of the vocabulary that config.json names, at its root or for its text model. */
export const vocabularySize = (config: JsonObject | null): number | null => {
  const sizes = [config, config?.text_config, config?.llm_config].map((section) =>
    isRecord(section) ? section.vocab_size : undefined,
  );
  return sizes.find((size): size is number => typeof size === 'number') ?? null;
};

/** The axis along which a loose tensor has one row per token, or null. Names decide, else the size that config.json gives. */
export const vocabularyAxis = (key: string, shape: readonly number[], vocabulary: number | null): number | null => {
  if (isTokenEmbedding(key) || isHead(key)) return 0;
  const named = /emb|tok|vocab|head|out|logit|decoder|lm/i.test(key);
  const sized = shape.length <= 2 && shape[0] === vocabulary && shape[1] !== vocabulary;
  return named && sized && !/pos|type/i.test(key) ? 0 : null;
};

/** Whether a loose tensor comes before the layers; else it comes after them. Needed only where slices are stacked. */
export const isBeforeLayers = (key: string): boolean => {
  if (isHead(key)) return false;
  if (/emb|wte|wpe|shared|patch|position|token_type|pre_?(layer|norm)|ln_pre/i.test(key)) return true;
  return !/norm|ln_f|head|output|score|classif|pooler|cls|logits|final|post|proj_out|(^|\.)ln/i.test(key);
};

/** Buffers that every loader computes anew: rotary frequencies and causal masks. */
export const isComputed = (key: string, shape: readonly number[]): boolean => {
  if (/rotary_emb\.(inv_freq|cos_cached|sin_cached)$/.test(key)) return true;
  return /(attn|attention)\.(masked_)?bias$/.test(key) && (shape.length === 0 || shape.length === 4);
};

/** Tensors that models of one architecture may have or lack. */
export const isOptional = (key: string): boolean =>
  isHead(key) || /\.bias$|[._][qk]_(layer)?norm\.weight$|position_ids$|(^|\.)pooler\./.test(key);

/** Tensors that a stack may hold once, in its first layer, for all layers: T5's position biases. */
export const isOfWholeStack = (rest: string): boolean => rest.includes('relative_attention_bias');

const tied: readonly (readonly string[])[] = [
  ['shared.weight', 'encoder.embed_tokens.weight', 'decoder.embed_tokens.weight'],
  ['cls.predictions.bias', 'cls.predictions.decoder.bias'],
  ['lm_head.bias', 'lm_head.decoder.bias'],
];

/** Other names under which the same tensor may be stored, best first; heads also stand for the embedding. */
export const tiedKeys = (key: string): readonly string[] =>
  tied.find((names) => names.includes(key))?.filter((name) => name !== key) ?? [];
