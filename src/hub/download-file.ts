import { copyFileSync, createWriteStream, mkdirSync, renameSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, dirname, join, relative } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { UserError } from '../errors.js';
import { withBlobLock } from './blob-lock.js';
import { blobHash } from './digest.js';
import { damagedFile, type RemoteFile } from './remote-file.js';

export type FileDownload = {
  readonly signal: AbortSignal;
  /** Told of bytes as they arrive. */
  readonly onBytes: (count: number) => void;
};

/** Where the content lies in the cache; the name is its hash, so equal files are stored once. */
export const blobPath = ({ folder, oid }: RemoteFile): string => join(folder, 'blobs', oid);

/** Where the file lies in its snapshot, as a link to the blob. */
export const snapshotPath = ({ folder, commit, name }: RemoteFile): string => join(folder, 'snapshots', commit, name);

/** Whether the content has already arrived. */
export const hasArrived = (file: RemoteFile): boolean => {
  try {
    return statSync(blobPath(file)).size === file.bytes;
  } catch {
    return false;
  }
};

const cutShort = ({ name, repository, bytes }: RemoteFile, received: number): UserError =>
  new UserError({
    code: 'download-cut',
    message: `the download of ${name} of ${repository} ended after ${received} of ${bytes} bytes`,
    hint: 'run the same command again',
  });

/** Writes the content to `part` and checks its length and hash. */
const receive = async (file: RemoteFile, part: string, { signal, onBytes }: FileDownload): Promise<void> => {
  const hash = blobHash(file);
  let received = 0;
  const checked = async function* (chunks: AsyncIterable<Uint8Array>) {
    for await (const chunk of chunks) {
      received += chunk.length;
      if (received > file.bytes) throw damagedFile(file, `it is longer than ${file.bytes} bytes`);
      hash.update(chunk);
      onBytes(chunk.length);
      yield chunk;
    }
  };
  await pipeline(file.stream(0, signal), checked, createWriteStream(part, { flush: true }), { signal });
  if (received < file.bytes) throw cutShort(file, received);
  const digest = hash.digest('hex');
  if (digest !== file.oid) throw damagedFile(file, `its hash is ${digest} where the Hub says ${file.oid}`);
};

const fetchBlob = async (file: RemoteFile, download: FileDownload): Promise<void> => {
  const blob = blobPath(file);
  const part = `${blob}.amalgam.incomplete`;
  mkdirSync(dirname(blob), { recursive: true });
  try {
    await receive(file, part, download);
    renameSync(part, blob);
  } catch (error) {
    rmSync(part, { force: true });
    throw error;
  }
};

/** Puts the file into its snapshot: a relative link, or a copy where the file system has no links. */
const link = (file: RemoteFile): void => {
  const path = snapshotPath(file);
  mkdirSync(dirname(path), { recursive: true });
  rmSync(path, { force: true });
  try {
    symlinkSync(relative(dirname(path), blobPath(file)), path);
  } catch (error) {
    const { code = '' } = error as NodeJS.ErrnoException;
    if (code === 'EEXIST') return;
    if (!['EPERM', 'ENOSYS', 'EOPNOTSUPP'].includes(code)) throw error;
    copyFileSync(blobPath(file), path);
  }
};

/** Fetches one file into the cache unless its content is there; what arrives is checked before it gets its name. */
export const downloadFile = async (file: RemoteFile, download: FileDownload): Promise<void> => {
  const { folder, oid } = file;
  if (!hasArrived(file)) {
    const lock = join(dirname(folder), '.locks', basename(folder), `${oid}.amalgam.lock`);
    await withBlobLock(lock, download.signal, async () => {
      if (hasArrived(file)) download.onBytes(file.bytes);
      else await fetchBlob(file, download);
    });
  }
  link(file);
};
