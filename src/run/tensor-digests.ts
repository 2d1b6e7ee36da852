import { createHash } from 'node:crypto';
import { type FileHandle, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Place } from '../plan/parts.js';
import type { Plan } from '../protocol/plan.js';

const atOnce = 4 * 1024 * 1024;

const digestOf = async (
  file: FileHandle,
  { offset, bytes }: Place,
  buffer: Buffer,
  signal: AbortSignal,
): Promise<string> => {
  const hash = createHash('sha256');
  for (let done = 0; done < bytes; ) {
    signal.throwIfAborted();
    const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, bytes - done), offset + done);
    // A file that ends early has another digest.
    if (bytesRead === 0) break;
    hash.update(buffer.subarray(0, bytesRead));
    done += bytesRead;
  }
  return hash.digest('hex');
};

/** SHA-256 of each tensor as it lies in the shards of a folder, in hexadecimal. */
export const digestTensors = async (
  directory: string,
  { shards }: Plan,
  places: readonly Place[],
  signal: AbortSignal,
): Promise<string[]> => {
  const files = new Map<number, FileHandle>();
  const buffer = Buffer.alloc(atOnce);
  const digests: string[] = [];
  try {
    for (const place of places) {
      const file = files.get(place.shard) ?? (await open(join(directory, shards[place.shard]?.name ?? ''), 'r'));
      files.set(place.shard, file);
      digests.push(await digestOf(file, place, buffer, signal));
    }
    return digests;
  } finally {
    for (const file of files.values()) await file.close();
  }
};
