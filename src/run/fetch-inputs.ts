import type { Emit } from '../events.js';
import { formatBytes, plural } from '../format.js';
import { bytesToFetch, download, toFetch } from '../hub/download.js';
import type { RemoteFile } from '../hub/remote-file.js';

/** Lines of a download in progress: one for every twentieth of it. */
const steps = 20;

/** Fetches the files of models that are still on the Hub, and tells how far it is. */
export const fetchInputs = async (
  files: readonly RemoteFile[],
  { emit, signal }: { readonly emit: Emit; readonly signal: AbortSignal },
): Promise<void> => {
  if (files.length === 0) return;
  const log = (message: string) => emit({ type: 'log', level: 'info', message });
  const repositories = [...new Set(files.map(({ repository }) => repository))].join(', ');
  log(`downloading ${plural(toFetch(files).length, 'file')} (${formatBytes(bytesToFetch(files))}) of ${repositories}`);
  let told = 0;
  await download(files, {
    signal,
    onProgress: ({ bytesDone, bytesTotal, file }) => {
      const step = Math.floor((steps * bytesDone) / bytesTotal);
      if (step === told) return;
      told = step;
      log(`downloaded ${formatBytes(bytesDone)} of ${formatBytes(bytesTotal)}, now ${file}`);
    },
  });
};
