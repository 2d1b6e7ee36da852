import type { Architecture } from './architecture.js';
import { inOtherLayout } from './experts.js';
import { tiedKeys } from './tensor-roles.js';
import type { TensorView } from './tensor-view.js';

/**
 * A model's tensor, also where it is stored under the name that it is tied to or in another layout of experts. A model
 * without an output head contributes its embedding.
 */
export const findTensor = (architecture: Architecture, key: string, isHeadKey: boolean): TensorView | null => {
  const find = (name: string) => architecture.views.get(name) ?? null;
  const own = find(key) ?? inOtherLayout(key, find);
  if (own !== null) return own;
  for (const other of tiedKeys(key)) {
    const view = find(other);
    if (view !== null) return view;
  }
  return isHeadKey && architecture.head === null && architecture.embedding !== null
    ? find(architecture.embedding)
    : null;
};
