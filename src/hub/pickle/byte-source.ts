import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import type { InputFile } from '../../protocol/plan.js';

/** A file whose bytes are read by range, wherever it lies. */
export type ByteSource = {
  /** What people call the file. */
  readonly label: string;
  readonly bytes: number;
  /** Bytes `begin` to `end`; fewer where the file ends before. */
  readonly read: (begin: number, end: number) => Promise<Uint8Array>;
};

/** Opens a local file for `use` and closes it afterwards. */
export const withLocalSource = async <Result>(
  path: string,
  use: (source: ByteSource, file: InputFile) => Promise<Result>,
): Promise<Result> => {
  const descriptor = openSync(path, 'r');
  try {
    const { size, mtimeNs } = fstatSync(descriptor, { bigint: true });
    const bytes = Number(size);
    const read = async (begin: number, end: number) => {
      const buffer = Buffer.alloc(Math.max(0, Math.min(end, bytes) - begin));
      return buffer.subarray(0, readSync(descriptor, buffer, 0, buffer.length, begin));
    };
    return await use({ label: path, bytes, read }, { path, bytes, modified: mtimeNs.toString() });
  } finally {
    closeSync(descriptor);
  }
};
