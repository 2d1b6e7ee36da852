import { printable } from '../format.js';
import type { Adapter, LoraPair } from './adapter.js';
import { unsupportedAdapter } from './adapter-config.js';
import type { Checkpoint, StoredTensor } from './checkpoint.js';

/** T5 and its relatives scale what goes into a head that is the embedding: it cannot become one of its own. */
const scalesTiedHead = /^(u?m?t5|longt5|switch_transformers|pop2piano|udop)/;

const embeddingName = /(^|\.)(embed_tokens|wte|word_embeddings?|tok_embeddings|embed_in)\.weight$/;

/**
 * An output head that a model does not store because it is the embedding. An adapter may bring along one of its own, or
 * an update: the head then is the embedding with that update, and the embedding stays as it is.
 */
export const isTiedHead = (name: string, { config, tensors }: Checkpoint): boolean => {
  const text = (config?.text_config ?? {}) as Record<string, unknown>;
  const flag = config?.tie_word_embeddings ?? text.tie_word_embeddings;
  return /(^|\.)lm_head\.weight$/.test(name) && config !== null && flag !== false && !tensors.has(name);
};

/** The model with the embedding stored as its head, too, where an adapter updates a tied head. */
const untie = (checkpoint: Checkpoint, { updates }: Adapter): Checkpoint => {
  const { tensors, config } = checkpoint;
  const head = [...updates.keys()].find((name) => isTiedHead(name, checkpoint));
  const embedding = [...tensors].find(([name]) => embeddingName.test(name))?.[1];
  if (head === undefined || embedding === undefined || scalesTiedHead.test(String(config?.model_type)))
    return checkpoint;
  return { ...checkpoint, tensors: new Map([...tensors, [head, embedding]]) };
};

/** The model with an adapter's whole tensors in place of its own. */
const replaceTensors = (checkpoint: Checkpoint, { path, file, replacements }: Adapter): Checkpoint => {
  if (replacements.size === 0) return checkpoint;
  const tensors = new Map<string, StoredTensor>(checkpoint.tensors);
  for (const [name, entry] of replacements) {
    if (!tensors.has(name) && !isTiedHead(name, checkpoint)) {
      throw unsupportedAdapter(path, `replaces ${printable(name)}, which the model ${checkpoint.path} does not have`);
    }
    tensors.set(name, { ...entry, file: checkpoint.files.length });
  }
  return { ...checkpoint, files: [...checkpoint.files, file], tensors };
};

/**
 * Which way round the update goes, by the shape of its weight: the config has one setting for all weights although a
 * model may store some as [out, in] and others as [in, out]. The setting decides for square ones.
 */
const oriented = (pair: LoraPair, shape: readonly number[] | undefined): LoraPair => {
  const [rows, columns] = [pair.b.shape[0], pair.a.shape[1]];
  if (rows === columns) return pair;
  const fits = (first?: number, second?: number) => String(shape) === String([first, second]);
  if (fits(rows, columns)) return { ...pair, transposed: false };
  return fits(columns, rows) ? { ...pair, transposed: true } : pair;
};

/** A model and its adapter, brought together: whole tensors replaced, updates the way round that the weights are. */
export const fitAdapter = (
  checkpoint: Checkpoint,
  adapter: Adapter,
): { readonly checkpoint: Checkpoint; readonly adapter: Adapter } => {
  const replaced = untie(replaceTensors(checkpoint, adapter), adapter);
  const updates = [...adapter.updates].map(([name, pair]): [string, LoraPair] => [
    name,
    oriented(pair, replaced.tensors.get(name)?.shape),
  ]);
  return { checkpoint: replaced, adapter: { ...adapter, updates: new Map(updates) } };
};
