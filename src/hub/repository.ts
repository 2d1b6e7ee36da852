import { exitCodes, UserError } from '../errors.js';
import type { Hub } from './hub.js';
import { networkFailure, type Purpose } from './hub-errors.js';
import { isInModelFolder, isModelFolder } from './sub-folders.js';

/** A file at the top of a repository, or in a folder that belongs to the model, as `folder/file`. */
export type ListedFile = { readonly name: string; readonly bytes: number; readonly oid: string };

/** A repository at one commit. */
export type Repository = Purpose & {
  readonly commit: string;
  readonly files: readonly ListedFile[];
  readonly read: (file: ListedFile, begin: number, end: number) => Promise<Uint8Array>;
  readonly stream: (file: ListedFile, begin: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
};

/** More than any model has; each costs a request. */
const mostFolders = 32;

const isCommit = (text: unknown): text is string => typeof text === 'string' && /^[0-9a-f]{40}$/.test(text);

/** Names become paths and addresses, so only plain ones count: no folder, nothing hidden, no control character. */
const isPlain = (name: string): boolean => /^[^./\\\p{C}][^/\\\p{C}]*$/u.test(name) && name.length < 200;

const notTheHub = ({ access }: Hub, what: string): UserError =>
  new UserError({
    code: 'hub-strange',
    message: `${access.endpoint} answers without ${what}, so it is not a Hub`,
    exitCode: exitCodes.failed,
  });

/** The commit of a branch or tag, asked once so that everything comes from the same one. */
const resolveCommit = async (hub: Hub, purpose: Purpose): Promise<string> => {
  if (isCommit(purpose.revision)) return purpose.revision;
  const { modelInfo } = await import('@huggingface/hub');
  const { sha } = await modelInfo({
    name: purpose.repository,
    revision: purpose.revision,
    additionalFields: ['sha'],
    hubUrl: hub.access.endpoint,
    fetch: hub.fetchFor(purpose),
  });
  if (!isCommit(sha)) throw notTheHub(hub, 'a commit');
  return sha;
};

/** Entries of the repository's top, or of one of its folders. */
const list = async (hub: Hub, purpose: Purpose, commit: string, folder?: string): Promise<ListedFile[]> => {
  const { listFiles } = await import('@huggingface/hub');
  const where = { repo: { type: 'model', name: purpose.repository } as const, revision: commit };
  const files: ListedFile[] = [];
  const folders: string[] = [];
  const access = { hubUrl: hub.access.endpoint, fetch: hub.fetchFor(purpose) };
  for await (const entry of listFiles({ ...where, ...access, ...(folder !== undefined && { path: folder }) })) {
    const { type, path, size, oid: gitOid, lfs } = entry;
    if (type === 'directory' && folder === undefined && isModelFolder(path)) folders.push(path);
    if (type !== 'file' || !(folder === undefined ? isPlain(path) : isInModelFolder(path))) continue;
    const oid = lfs?.oid ?? gitOid;
    if (!/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(String(oid))) throw notTheHub(hub, `a hash of ${path}`);
    files.push({ name: path, bytes: lfs?.size ?? size, oid: String(oid) });
  }
  for (const found of folders.slice(0, mostFolders)) files.push(...(await list(hub, purpose, commit, found)));
  return files;
};

/** Opens a repository at the commit that its revision is now. */
export const openRepository = async (hub: Hub, purpose: Purpose): Promise<Repository> => {
  const { endpoint } = hub.access;
  const { repository } = purpose;
  const understood = async <Answer>(work: () => Promise<Answer>): Promise<Answer> => {
    try {
      return await work();
    } catch (error) {
      throw networkFailure(error, hub.access);
    }
  };
  const commit = await understood(() => resolveCommit(hub, purpose));

  /** The content as a lazy blob whose slices are range requests; size and address are known, so opening it asks nothing. */
  const blobOf = async ({ name, bytes, oid }: ListedFile, fetch: typeof globalThis.fetch): Promise<Blob> => {
    const { downloadFile } = await import('@huggingface/hub');
    const url = `${endpoint}/${repository}/resolve/${commit}/${name.split('/').map(encodeURIComponent).join('/')}`;
    const repo = { type: 'model', name: repository } as const;
    const downloadInfo = { size: bytes, etag: oid, url };
    const blob = await downloadFile({ repo, path: name, hubUrl: endpoint, fetch, xet: false, downloadInfo });
    if (blob === null) throw notTheHub(hub, name);
    return blob;
  };

  return {
    ...purpose,
    commit,
    files: await understood(() => list(hub, purpose, commit)),
    read: (file, begin, end) =>
      understood(async () => {
        const blob = await blobOf(file, hub.fetchFor({ ...purpose, file: file.name }));
        return new Uint8Array(await blob.slice(begin, end).arrayBuffer());
      }),
    stream: async function* (file, begin, signal) {
      let failure: unknown;
      const ask = hub.fetchFor({ ...purpose, file: file.name }, signal);
      // The blob's stream reduces a failed request to its message, so the failure itself is kept here.
      const fetch: typeof globalThis.fetch = (...request) =>
        ask(...request).catch((error: unknown) => {
          failure = error;
          throw error;
        });
      if (begin >= file.bytes) return;
      try {
        const blob = await blobOf(file, fetch);
        for await (const chunk of blob.slice(begin).stream()) yield chunk;
      } catch (error) {
        throw networkFailure(failure ?? error, hub.access);
      }
    },
  };
};
