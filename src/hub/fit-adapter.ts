import { printable } from '../format.js';
import type { Adapter, LoraPair } from './adapter.js';
import { unsupportedAdapter } from './adapter-config.js';
import type { Checkpoint, StoredTensor } from './checkpoint.js';

/** An output head that a model with tied embeddings does not store, and an adapter may therefore bring along. */
const isTiedHead = (name: string, { config }: Checkpoint): boolean =>
  /(^|\.)lm_head\.weight$/.test(name) && config?.tie_word_embeddings === true;

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
  const replaced = replaceTensors(checkpoint, adapter);
  const updates = [...adapter.updates].map(([name, pair]): [string, LoraPair] => [
    name,
    oriented(pair, replaced.tensors.get(name)?.shape),
  ]);
  return { checkpoint: replaced, adapter: { ...adapter, updates: new Map(updates) } };
};
