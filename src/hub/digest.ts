import { createHash, type Hash } from 'node:crypto';

/** The hash that names a blob: SHA-256 for large files, SHA-1 of Git's blob object for the others. */
export const blobHash = ({ oid, bytes }: { readonly oid: string; readonly bytes: number }): Hash =>
  oid.length === 64 ? createHash('sha256') : createHash('sha1').update(`blob ${bytes}\0`);
