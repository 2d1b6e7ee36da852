import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes, printable } from '../format.js';
import { Dtype } from '../protocol/plan.js';

/** A tensor as a safetensors header describes it; `offset` counts from the start of the file. */
export type HeaderEntry = {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
};

/** The format's own cap on a header, checked before anything is allocated. */
const maximumHeaderBytes = 100_000_000;

export const dtypeBytes: Readonly<Record<Dtype, number>> = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I64: 8,
  I32: 4,
  I16: 2,
  I8: 1,
  U8: 1,
  BOOL: 1,
};

/** What a file that is not safetensors really is, from its first bytes. */
const diagnosis = (start: Buffer): string | undefined => {
  const text = start.toString('latin1');
  if (text.startsWith('version https://git-lfs'))
    return 'it is a Git LFS pointer: run `git lfs pull` in its repository';
  if (text.startsWith('GGUF')) return 'it is a GGUF file, which amalgam does not read';
  if (text.startsWith('PK\u0003\u0004')) return 'it is a zip archive, probably a PyTorch .bin file under another name';
  if (/^\s*<(!doctype|html)/i.test(text)) return 'it is a web page: the download went wrong';
  return undefined;
};

const broken = (path: string, reason: string, start?: Buffer): never => {
  throw new UserError({
    code: 'bad-safetensors',
    message: `${path} is not a valid safetensors file: ${(start && diagnosis(start)) ?? reason}`,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });
};

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** Checks a header's entries as strictly as the format demands: no hole, no overlap, sizes that fit. */
export const parseHeader = (path: string, text: string, fileBytes: number): Map<string, HeaderEntry> => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return broken(path, 'its header is not JSON');
  }
  if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed))
    return broken(path, 'its header is not an object');
  const dataStart = 8 + Buffer.byteLength(text);
  const entries = new Map<string, HeaderEntry>();
  for (const [name, value] of Object.entries(parsed)) {
    if (name === '__metadata__') continue;
    const tensor = `tensor \`${printable(name)}\``;
    const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
    const known = Dtype.safeParse(dtype);
    if (!known.success) return broken(path, `${tensor} has the unknown type ${JSON.stringify(dtype)}`);
    if (!Array.isArray(shape) || !shape.every(isCount)) return broken(path, `${tensor} has no valid shape`);
    const [begin, end] = Array.isArray(offsets) ? offsets : [];
    if (!isCount(begin) || !isCount(end) || end < begin) return broken(path, `${tensor} has no valid offsets`);
    const bytes = shape.reduce((product, size) => product * size, dtypeBytes[known.data]);
    if (bytes !== end - begin) return broken(path, `${tensor} has ${end - begin} bytes where its shape needs ${bytes}`);
    if (dataStart + end > fileBytes) {
      return broken(path, `${tensor} ends at byte ${dataStart + end} of a file of ${fileBytes}; the file is cut short`);
    }
    entries.set(name, { dtype: known.data, shape, offset: dataStart + begin, bytes });
  }
  let expected = dataStart;
  for (const [name, entry] of [...entries].sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes)) {
    if (entry.offset !== expected)
      return broken(path, `tensor \`${printable(name)}\` overlaps another or leaves a hole`);
    expected += entry.bytes;
  }
  if (expected !== fileBytes) return broken(path, `${fileBytes - expected} bytes at its end belong to no tensor`);
  return entries;
};

/** Reads the header of a local file; no weight is read. */
export const readSafetensorsHeader = (
  path: string,
): { entries: Map<string, HeaderEntry>; bytes: number; modified: string } => {
  const file = openSync(path, 'r');
  try {
    const { size, mtimeNs } = fstatSync(file, { bigint: true });
    const bytes = Number(size);
    const start = Buffer.alloc(64);
    const got = readSync(file, start, 0, 64, 0);
    if (got < 8) return broken(path, 'it has fewer than 8 bytes');
    const length = start.readBigUInt64LE(0);
    if (length > BigInt(maximumHeaderBytes) || 8n + length > size) {
      return broken(path, `its header would be ${formatBytes(Number(length))} long`, start);
    }
    const header = Buffer.alloc(Number(length));
    if (readSync(file, header, 0, header.length, 8) !== header.length) return broken(path, 'its header is cut short');
    return { entries: parseHeader(path, header.toString('utf8'), bytes), bytes, modified: mtimeNs.toString() };
  } finally {
    closeSync(file);
  }
};
