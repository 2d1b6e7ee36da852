import { type FindRepository, openModel } from '../hub/open-model.js';
import type { ModelReference } from '../hub/reference.js';
import type { RemoteFile } from '../hub/remote-file.js';
import type { Plan } from '../protocol/plan.js';

/** A base that takes no part in a merge, to be scored beside it. */
export type ComparedBase = { readonly path: string; readonly downloads: readonly RemoteFile[] };

/** Opens the model that all others come from, where the plan does without it; null where the plan has it. */
export const openComparedBase = async (
  { models }: Plan,
  reference: ModelReference | null,
  findRepository: FindRepository,
): Promise<ComparedBase | null> => {
  if (reference === null || models.some(({ role }) => role === 'base')) return null;
  const { checkpoint, downloads } = await openModel(reference, null, findRepository);
  return models.some(({ path }) => path === checkpoint.path) ? null : { path: checkpoint.path, downloads };
};
