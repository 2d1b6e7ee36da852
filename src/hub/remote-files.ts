import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { type Environment, hubCache, repositoryFolder } from './cache.js';
import { blobHash } from './digest.js';
import type { Hub } from './hub.js';
import { localFiles, type ModelFiles } from './model-files.js';
import { readPickledHeader } from './pickle/pickled-header.js';
import type { ModelLocation } from './reference.js';
import { damagedFile, notYet, type RemoteFile } from './remote-file.js';
import { openRepository } from './repository.js';
import { decodeHeader, headerLength, parseHeader, type WeightFile } from './safetensors-header.js';
import { snapshotFolder } from './snapshot.js';
import { isPickled, isWeights } from './weight-names.js';

/** Read at once from the start of a weight file: the whole header of all but the largest. */
const firstRead = 256 * 1024;

/** Larger than any index of a real model. */
const maximumText = 100_000_000;

/** What Python needs beside the weights: configuration, tokenizer, templates and code, and the licence. */
const isDescription = (name: string): boolean =>
  (/\.(json|jinja|model|py|tiktoken|txt|spm|vocab|codes)$/i.test(name) ||
    /^(licen[cs]e|notice|use_policy)/i.test(name)) &&
  !/^(trainer_state|training_|optimizer|scheduler|.*_results)/.test(name);

const readText = async (file: RemoteFile): Promise<string> => {
  if (file.bytes > maximumText) throw damagedFile(file, `it would be ${file.bytes} bytes long`);
  const content = await file.read(0, file.bytes);
  if (blobHash(file).update(content).digest('hex') !== file.oid) throw damagedFile(file, 'its hash is another');
  return Buffer.from(content).toString('utf8');
};

const readHeader = async (file: RemoteFile, path: string): Promise<WeightFile> => {
  const label = `${file.repository}/${file.name}`;
  const input = { path, bytes: file.bytes, modified: notYet };
  if (isPickled(file.name)) {
    return { file: input, entries: await readPickledHeader({ label, bytes: file.bytes, read: file.read }) };
  }
  const start = await file.read(0, Math.min(firstRead, file.bytes));
  const end = 8 + headerLength(label, start, file.bytes);
  const rest = end > start.length ? await file.read(start.length, end) : new Uint8Array();
  const header = Buffer.concat([start.subarray(8, end), rest]);
  const entries = parseHeader(label, decodeHeader(label, header), file.bytes);
  return { file: input, entries };
};

/** The files of a repository on the Hub, at the commit that its revision is now; what is cached of it is read there. */
export const remoteFiles = async (
  hub: Hub,
  location: ModelLocation & { kind: 'hub' },
  env: Environment,
): Promise<ModelFiles> => {
  const { repository, revision, commit, files, read, stream } = await openRepository(hub, location);
  const path = snapshotFolder(repository, commit, env);
  const folder = repositoryFolder(repository, env);
  const local = existsSync(path) ? localFiles(path, { root: hubCache(env), name: repository }) : null;
  const names = files.map(({ name }) => name).filter((name) => isWeights(name) || isDescription(name));
  const remote = new Map(
    files
      .filter(({ name }) => !local?.names.includes(name))
      .map((file): [string, RemoteFile] => [
        file.name,
        {
          ...file,
          repository,
          revision,
          commit,
          folder,
          read: (begin, end) => read(file, begin, end),
          stream: (begin, signal) => stream(file, begin, signal),
        },
      ]),
  );
  const absent = (name: string): never => {
    throw new Error(`${repository} was asked for ${name}, which it does not list`);
  };
  return {
    name: repository,
    path,
    names: names.sort(),
    readText: async (name) => {
      const file = remote.get(name);
      return file === undefined ? ((await local?.readText(name)) ?? absent(name)) : await readText(file);
    },
    readHeader: async (name) => {
      const file = remote.get(name);
      if (file !== undefined) return await readHeader(file, join(path, name));
      return (await local?.readHeader(name)) ?? absent(name);
    },
    remote,
  };
};
