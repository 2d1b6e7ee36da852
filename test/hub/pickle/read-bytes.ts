import { readPickledHeader } from '../../../src/hub/pickle/pickled-header.js';
import { type ZipOptions, type ZipPart, zipBytes } from './archive.js';
import { type Code, dictionary, int, pickle, tensor } from './assemble.js';

/** Reads bytes as a file called `model.bin`. */
export const readBytes = (bytes: Uint8Array) =>
  readPickledHeader({
    label: 'model.bin',
    bytes: bytes.length,
    read: async (begin, end) => bytes.subarray(begin, end),
  });

/** The entries of a file with one storage of four floats. */
export const partsOf = (data: Uint8Array): ZipPart[] => [
  { name: 'archive/data.pkl', content: data },
  { name: 'archive/byteorder', content: 'little' },
  { name: 'archive/data/0', content: Buffer.from(Float32Array.of(1, 2, 3, 4).buffer) },
  { name: 'archive/version', content: '3\n' },
];

export const oneTensor: Buffer = pickle(dictionary({ w: tensor({ shape: [2, 2] }) }));

/** Reads a file whose pickle is made of these instructions. */
export const readPickle = (...codes: readonly Code[]) => readBytes(zipBytes(partsOf(pickle(...codes))));

/** Reads a file of one tensor whose archive is written otherwise. */
export const readArchive = (
  change: (parts: ZipPart[]) => readonly ZipPart[] = (parts) => parts,
  options: ZipOptions = {},
) => readBytes(zipBytes(change(partsOf(oneTensor)), options));

/** A file as torch.save writes it, of float32 zeros. */
export const torchBytes = (shapes: Readonly<Record<string, readonly number[]>>): Buffer => {
  const sizes = Object.values(shapes).map((shape) => shape.reduce((product, size) => product * size, 1));
  const tensors = Object.entries(shapes).map(([name, shape], index): [string, Code] => [
    name,
    tensor({ shape, key: String(index), elements: int(sizes[index] ?? 0) }),
  ]);
  const storages = sizes.map((size, index) => ({ name: `archive/data/${index}`, content: new Uint8Array(4 * size) }));
  return zipBytes([
    { name: 'archive/data.pkl', content: pickle(dictionary(Object.fromEntries(tensors))) },
    ...storages,
  ]);
};
