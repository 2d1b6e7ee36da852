import { exitCodes, UserError } from '../errors.js';
import { type Adapter, isAdapterFolder, openAdapter } from './adapter.js';
import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import type { ModelLocation, ModelReference } from './reference.js';

/** A reference whose headers have been read. */
export type OpenedModel = {
  readonly reference: ModelReference;
  readonly checkpoint: Checkpoint;
  readonly adapter: Adapter | null;
};

/** Finds the folder of a repository on the Hub: a cached snapshot, or one that is fetched. */
export type FindRepository = (location: ModelLocation & { kind: 'hub' }) => string;

const folderOf = (location: ModelLocation, findRepository: FindRepository): string => {
  if (location.kind === 'folder') return location.path;
  if (location.kind === 'hub') return findRepository(location);
  throw new UserError({
    code: 'model-not-found',
    message: `there is no folder ${location.path}`,
    hint: 'give a folder relative to where you are or to the recipe, or `org/name` for the Hub',
    exitCode: exitCodes.notFound,
  });
};

/** Opens a model and its adapter; a bare adapter folder is applied to `adapterBase` where the dialect allows it. */
export const openModel = (
  reference: ModelReference,
  adapterBase: ModelReference | null,
  findRepository: FindRepository,
): OpenedModel => {
  const folder = folderOf(reference.model, findRepository);
  if (reference.adapter === null && adapterBase !== null && isAdapterFolder(folder)) {
    const checkpoint = openCheckpoint(folderOf(adapterBase.model, findRepository));
    return {
      reference: { ...reference, model: adapterBase.model, adapter: reference.model },
      checkpoint,
      adapter: openAdapter(folder),
    };
  }
  const adapter = reference.adapter === null ? null : openAdapter(folderOf(reference.adapter, findRepository));
  return { reference, checkpoint: openCheckpoint(folder), adapter };
};
