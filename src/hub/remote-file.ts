import { exitCodes, UserError } from '../errors.js';

/** A file of a repository that is not in the cache yet, and where it will be. */
export type RemoteFile = {
  readonly repository: string;
  /** As the recipe names it: a branch, a tag or a commit. */
  readonly revision: string;
  /** The commit that the revision was when the plan was made. */
  readonly commit: string;
  readonly name: string;
  readonly bytes: number;
  /** SHA-256 of the content for large files, else SHA-1 of the content as a Git blob; also the blob's name in the cache. */
  readonly oid: string;
  /** Folder of the repository in the cache. */
  readonly folder: string;
  /** Bytes `begin` to `end`, by one range request. */
  readonly read: (begin: number, end: number) => Promise<Uint8Array>;
  /** All bytes from `begin` on. */
  readonly stream: (begin: number, signal: AbortSignal) => AsyncIterable<Uint8Array>;
};

/** In place of the modification time of a file that is still to be fetched. */
export const notYet = '0';

export const damagedFile = ({ name, repository, commit }: RemoteFile, what: string): UserError =>
  new UserError({
    code: 'download-damaged',
    message: `${name} of ${repository}@${commit.slice(0, 12)} arrived damaged: ${what}`,
    hint: 'run the same command again',
    exitCode: exitCodes.integrity,
  });
