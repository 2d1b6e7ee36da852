import { basename } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { type Adapter, adapterNames, isAdapter, openAdapter } from './adapter.js';
import { type Checkpoint, openCheckpoint } from './checkpoint.js';
import { fitAdapter } from './fit-adapter.js';
import { localFiles, type ModelFiles } from './model-files.js';
import { similarFolder } from './nearby-folder.js';
import type { ModelLocation, ModelReference } from './reference.js';
import type { RemoteFile } from './remote-file.js';
import { indexNames } from './weight-names.js';

/** A reference whose headers have been read. */
export type OpenedModel = {
  readonly reference: ModelReference;
  readonly checkpoint: Checkpoint;
  readonly adapter: Adapter | null;
  /** Files to fetch before the model can be merged; none for a local model. */
  readonly downloads: readonly RemoteFile[];
};

/** Finds the files of a repository on the Hub: in a cached snapshot, or by range requests. */
export type FindRepository = (location: ModelLocation & { kind: 'hub' }) => Promise<ModelFiles>;

const filesOf = async (location: ModelLocation, findRepository: FindRepository): Promise<ModelFiles> => {
  if (location.kind === 'folder') return localFiles(location.path);
  if (location.kind === 'hub') return await findRepository(location);
  const similar = similarFolder(location.path);
  throw new UserError({
    code: 'model-not-found',
    message: `there is no folder ${location.path}`,
    hint:
      similar === undefined
        ? 'give a folder relative to where you are or to the recipe, or `org/name` for the Hub'
        : `did you mean ${similar}?`,
    exitCode: exitCodes.notFound,
  });
};

const picked = ({ remote }: ModelFiles, names: readonly string[]): RemoteFile[] =>
  names.flatMap((name) => remote.get(name) ?? []);

/** What a merge needs of a model: its weights, their index, and all that describes the model. */
const neededNames = ({ files, others }: Checkpoint): string[] => [
  ...files.map(({ path }) => basename(path)),
  ...indexNames,
  ...others,
];

const open = async (
  reference: ModelReference,
  files: ModelFiles,
  adapterFiles: ModelFiles | null,
): Promise<OpenedModel> => {
  const checkpoint = await openCheckpoint(files);
  const downloads = picked(files, neededNames(checkpoint));
  if (adapterFiles === null) return { reference, checkpoint, adapter: null, downloads };
  downloads.push(...picked(adapterFiles, adapterNames(adapterFiles.names)));
  return { reference, ...fitAdapter(checkpoint, await openAdapter(adapterFiles)), downloads };
};

/** Opens a model and its adapter; a bare adapter is applied to `adapterBase` where the dialect allows it. */
export const openModel = async (
  reference: ModelReference,
  adapterBase: ModelReference | null,
  findRepository: FindRepository,
): Promise<OpenedModel> => {
  const files = await filesOf(reference.model, findRepository);
  if (reference.adapter === null && adapterBase !== null && isAdapter(files)) {
    const applied = { ...reference, model: adapterBase.model, adapter: reference.model };
    return open(applied, await filesOf(adapterBase.model, findRepository), files);
  }
  const adapter = reference.adapter === null ? null : await filesOf(reference.adapter, findRepository);
  return open(reference, files, adapter);
};
