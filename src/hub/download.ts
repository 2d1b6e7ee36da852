import { mkdirSync, renameSync, statfsSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import type { InputFile } from '../protocol/plan.js';
import { concurrently } from './concurrently.js';
import { blobPath, downloadFile, hasArrived } from './download-file.js';
import { notYet, type RemoteFile } from './remote-file.js';

export type DownloadProgress = { readonly bytesDone: number; readonly bytesTotal: number; readonly file: string };

export type DownloadOptions = {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DownloadProgress) => void;
};

const filesAtOnce = 4;

/** The files whose content must be fetched, each content once. */
export const toFetch = (files: readonly RemoteFile[]): RemoteFile[] => [
  ...new Map(files.filter((file) => !hasArrived(file)).map((file) => [blobPath(file), file])).values(),
];

const sum = (files: readonly RemoteFile[]): number => files.reduce((total, { bytes }) => total + bytes, 0);

/** Bytes that a download of the files would fetch. */
export const bytesToFetch = (files: readonly RemoteFile[]): number => sum(toFetch(files));

const checkSpace = (cache: string, bytes: number): void => {
  const { bavail, bsize } = statfsSync(cache);
  if (bavail * bsize >= bytes) return;
  throw new UserError({
    code: 'no-space',
    message: `the Hugging Face cache ${cache} has ${formatBytes(bavail * bsize)} free, and ${formatBytes(bytes)} are to be downloaded`,
    hint: 'free space there, or set HF_HUB_CACHE to a folder on a larger disk',
    exitCode: exitCodes.noSpace,
  });
};

/** Points a branch or tag to its commit, so that it is found without the Hub. */
const recordRevision = ({ folder, revision, commit }: RemoteFile): void => {
  if (revision === commit) return;
  const path = join(folder, 'refs', revision);
  mkdirSync(dirname(path), { recursive: true });
  const part = `${path}.${process.pid}.tmp`;
  writeFileSync(part, commit);
  renameSync(part, path);
};

const unwritable = ['ENOSPC', 'EDQUOT', 'EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'];

const storageFailure = (error: unknown, cache: string): unknown => {
  const { code = '' } = error as NodeJS.ErrnoException;
  if (error instanceof UserError || !unwritable.includes(code)) return error;
  return new UserError({
    code: 'cache-not-writable',
    message: `the Hugging Face cache ${cache} cannot be written: ${(error as Error).message}`,
    hint: 'set HF_HUB_CACHE to a folder that can',
    exitCode: exitCodes.noSpace,
    cause: error,
  });
};

/**
 * Fetches files into the standard cache, where Python finds them too, several at a time and the largest first. The
 * first failure stops the others.
 */
export const download = async (
  files: readonly RemoteFile[],
  { signal, onProgress = () => {} }: DownloadOptions = {},
): Promise<void> => {
  const [first] = files;
  if (first === undefined) return;
  const cache = dirname(first.folder);
  const fetching = toFetch(files);
  const bytesTotal = sum(fetching);
  const failed = new AbortController();
  const stop = signal === undefined ? failed.signal : AbortSignal.any([signal, failed.signal]);
  let bytesDone = 0;
  const fetchOne = async (file: RemoteFile): Promise<void> => {
    const onBytes = (count: number) => {
      bytesDone += count;
      onProgress({ bytesDone, bytesTotal, file: file.name });
    };
    try {
      await downloadFile(file, { signal: stop, onBytes });
    } catch (error) {
      failed.abort();
      throw error;
    }
  };
  try {
    mkdirSync(cache, { recursive: true });
    checkSpace(cache, bytesTotal);
    const largestFirst = [...fetching].sort((a, b) => b.bytes - a.bytes);
    await concurrently(largestFirst, filesAtOnce, fetchOne);
    const rest = files.filter((file) => !fetching.includes(file));
    await concurrently(rest, filesAtOnce, fetchOne);
    for (const file of files) recordRevision(file);
  } catch (error) {
    throw storageFailure(error, cache);
  }
};

/** Files as they are now that they have been fetched. */
export const afterDownload = (files: readonly InputFile[]): InputFile[] =>
  files.map((file) =>
    file.modified === notYet ? { ...file, modified: statSync(file.path, { bigint: true }).mtimeNs.toString() } : file,
  );
