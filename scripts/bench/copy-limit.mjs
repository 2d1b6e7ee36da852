import { readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { measure } from './measure.mjs';

/** Paths of the files with weights in a folder. */
export const weightFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => join(folder, name));

/** Reads the files' bytes once, so that they lie in memory as far as they fit. */
export const readAll = async (folders, { stop }) =>
  (await measure('sh', ['-c', 'cat "$@" > /dev/null', 'cat', ...folders.flatMap(weightFiles)], { stop })).seconds;

/** Has everything written that is still only in memory, so that nobody pays for the writes of another. */
export const settle = ({ stop }) => measure('sync', [], { stop });

// Where the file system can share blocks, cp would otherwise write nothing.
const copyFlags = process.platform === 'linux' ? ['--reflink=never'] : [];

/**
 * The copy limit: seconds to read every byte of the inputs once and to write every byte of the output once. `flush` is
 * what it takes besides until the output is on the disk, which the limit does not count.
 */
export const copyLimit = async (inputs, output, { scratch, stop }) => {
  const copy = join(scratch, 'copy.safetensors');
  await settle({ stop });
  try {
    const read = await readAll(inputs, { stop });
    let write = 0;
    for (const file of weightFiles(output)) {
      write += (await measure('cp', [...copyFlags, file, copy], { stop })).seconds;
    }
    const flush = (await settle({ stop })).seconds;
    return { read, write, flush };
  } finally {
    rmSync(copy, { force: true });
  }
};
