import { contentKind } from '../content-kind.js';
import type { HeaderEntries, HeaderEntry, WeightFile } from '../safetensors-header.js';
import { type ByteSource, withLocalSource } from './byte-source.js';
import { damaged, notRead } from './refusals.js';
import { stateDict } from './state-dict.js';
import { storedRange } from './stored-ranges.js';
import { unpickle } from './unpickle.js';
import { locateContents, readContent } from './zip-content.js';
import { readZipDirectory, type ZipEntry } from './zip-directory.js';

/** Some two hundred bytes describe a tensor. */
const maximumPickle = 16 * 1024 * 1024;

const zipMark = 'PK\u0003\u0004';

const saveAgain = 'load it in PyTorch and save it again, as safetensors or with torch.save as it is today';

/** Refuses what is no zip archive: something else altogether, or the formats of PyTorch before 1.6. */
const refuseOtherFormats = async (source: ByteSource): Promise<void> => {
  const start = Buffer.from(await source.read(0, 512));
  if (start.toString('latin1', 0, 4) === zipMark) return;
  const { label, bytes } = source;
  if (start[0] === 0x80 || start.toString('latin1', 257, 262) === 'ustar') {
    throw notRead(label, 'it is in a format of PyTorch before 1.6, or a plain pickle, and no zip archive', saveAgain);
  }
  throw damaged(label, contentKind(start) ?? `it has ${bytes} bytes and is no zip archive`);
};

/** The folder of the archive that everything is in. */
const findRoot = (label: string, entries: ReadonlyMap<string, ZipEntry>): string => {
  const roots = [...entries.keys()].flatMap((name) => /^([^/]+)\/data\.pkl$/.exec(name)?.[1] ?? []);
  const [root, second] = roots;
  if (root === undefined || second !== undefined) {
    throw damaged(label, 'its zip archive is not one that torch.save writes: there is not one `data.pkl` in it');
  }
  if (entries.has(`${root}/constants.pkl`)) throw notRead(label, 'it is a TorchScript program, not only tensors');
  const packed = [...entries.values()].find(({ isStored }) => !isStored);
  if (packed !== undefined) throw damaged(label, `\`${packed.name}\` in it is compressed, which torch.save never does`);
  return root;
};

const readPickle = async (
  source: ByteSource,
  root: string,
  entries: ReadonlyMap<string, ZipEntry>,
): Promise<Buffer> => {
  const { label } = source;
  const order = entries.get(`${root}/byteorder`);
  if (order !== undefined) {
    const text = order.bytes < 16 ? (await readContent(source, order)).toString('latin1') : '';
    if (text === 'big') throw notRead(label, 'its numbers are big-endian', 'save it again on a little-endian machine');
    if (text !== 'little') throw damaged(label, 'its `byteorder` is neither little nor big');
  }
  const pickle = entries.get(`${root}/data.pkl`);
  if (pickle === undefined || pickle.bytes > maximumPickle) {
    throw damaged(label, `its pickle is ${pickle?.bytes} bytes long`);
  }
  return await readContent(source, pickle);
};

/**
 * The tensors of a file that torch.save wrote: each is a range of bytes of the file itself, because the archive
 * stores them as they are. The pickle is interpreted, never executed; no weight is read.
 */
export const readPickledHeader = async (source: ByteSource): Promise<HeaderEntries> => {
  const { label } = source;
  await refuseOtherFormats(source);
  const entries = await readZipDirectory(source);
  const root = findRoot(label, entries);
  const tensors = stateDict(label, unpickle(label, await readPickle(source, root, entries)));
  const storages = new Map<string, ZipEntry>();
  for (const { storage } of tensors.values()) {
    const entry = entries.get(`${root}/data/${storage.key}`);
    if (entry === undefined) throw damaged(label, `its zip archive has no storage \`${storage.key}\``);
    storages.set(storage.key, entry);
  }
  const starts = await locateContents(source, [...storages.values()]);
  const found: [string, HeaderEntry][] = [];
  for (const [name, tensor] of tensors) {
    const entry = storages.get(tensor.storage.key);
    const start = starts.get(entry?.name ?? '');
    if (entry !== undefined && start !== undefined) found.push([name, storedRange(label, name, tensor, entry, start)]);
  }
  return new Map(found.sort(([, a], [, b]) => a.offset - b.offset));
};

/** The same of a local file. */
export const readLocalPickle = (path: string): Promise<WeightFile> =>
  withLocalSource(path, async (source, file) => ({ file, entries: await readPickledHeader(source) }));
