import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { exitCodes, UserError } from '../errors.js';
import { formatBytes, printable } from '../format.js';
import type { Dtype, InputFile } from '../protocol/plan.js';
import { contentKind } from './content-kind.js';
import { headerTextFault } from './header-text.js';

/** A tensor as a safetensors header describes it; `offset` counts from the start of the file. */
export type HeaderEntry = {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  readonly offset: number;
  readonly bytes: number;
};

export type HeaderEntries = ReadonlyMap<string, HeaderEntry>;

/** A weight file and what its header says. */
export type WeightFile = { readonly file: InputFile; readonly entries: HeaderEntries };

/** The format's own cap on a header, checked before anything is allocated. */
const maximumHeaderBytes = 100_000_000;

/** More than any real model has; what comes after would be slow everywhere. */
const maximumTensors = 1_000_000;
const maximumRank = 16;

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

/** Whether elements are numbers that can be averaged. */
export const isFloating = (dtype: Dtype): boolean => /^B?F/.test(dtype);

const isDtype = (value: unknown): value is Dtype => typeof value === 'string' && Object.hasOwn(dtypeBytes, value);

const broken = (path: string, reason: string): never => {
  throw new UserError({
    code: 'bad-safetensors',
    message: `${path} is not a valid safetensors file: ${reason}`,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });
};

/** Control characters and halves of surrogate pairs. */
export const unprintable = /[\p{Cc}\p{Cs}]/u;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

/** The text of a header; a byte order mark or a byte that is not UTF-8 is not passed over. */
export const decodeHeader = (path: string, header: Uint8Array): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(header);
  } catch {
    return broken(path, 'its header is not UTF-8');
  }
};

const parseJson = (path: string, text: string): object => {
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return broken(path, 'its header is not JSON');
  }
  if (!text.startsWith('{') || typeof parsed !== 'object' || parsed === null) {
    return broken(path, 'its header does not begin with an object');
  }
  const fault = headerTextFault(text);
  return fault === undefined ? parsed : broken(path, `its header ${printable(fault)}`);
};

/** Bytes of a tensor, or NaN where a product on the way exceeds what JavaScript counts exactly. */
export const sizeOf = (dtype: Dtype, shape: readonly number[]): number =>
  shape.reduce(
    (product, size) => (Number.isSafeInteger(product * size) ? product * size : Number.NaN),
    dtypeBytes[dtype],
  );

/** What is wrong with one entry, or the entry. */
const parseEntry = (name: string, value: unknown, dataStart: number, fileBytes: number): HeaderEntry | string => {
  const { dtype, shape, data_offsets: offsets } = (value ?? {}) as Record<string, unknown>;
  if (unprintable.test(name)) return 'has a control character in its name';
  if (!isDtype(dtype)) return `has the unknown type ${String(JSON.stringify(dtype)).slice(0, 40)}`;
  if (!Array.isArray(shape) || shape.length > maximumRank || !shape.every(isCount)) return 'has no valid shape';
  const [begin, end] = Array.isArray(offsets) && offsets.length === 2 ? offsets : [];
  if (!isCount(begin) || !isCount(end) || end < begin) return 'has no valid offsets';
  const bytes = sizeOf(dtype, shape);
  if (bytes !== end - begin) return `has ${end - begin} bytes where its shape needs ${bytes}`;
  if (dataStart + end > fileBytes) {
    return `ends at byte ${dataStart + end} of a file of ${fileBytes}; the file is cut short`;
  }
  return { dtype, shape, offset: dataStart + begin, bytes };
};

const checkMetadata = (path: string, value: unknown): void => {
  const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
  if (!isObject || !Object.values(value).every((text) => typeof text === 'string')) {
    broken(path, 'its `__metadata__` is not a map of strings');
  }
};

/**
 * Checks a header as strictly as the format demands and a little more: no hole, no overlap, sizes that fit, each
 * name once. Gives the tensors in the order of their offsets.
 */
export const parseHeader = (path: string, text: string, fileBytes: number): HeaderEntries => {
  const parsed = Object.entries(parseJson(path, text));
  if (parsed.length > maximumTensors) return broken(path, `it names ${parsed.length} tensors`);
  const dataStart = 8 + Buffer.byteLength(text);
  const entries: [string, HeaderEntry][] = [];
  // Layers repeat their shapes: one array for all of them saves much memory.
  const shapes = new Map<string, readonly number[]>();
  const shared = (entry: HeaderEntry): HeaderEntry => {
    const key = entry.shape.join();
    const shape = shapes.get(key) ?? entry.shape;
    shapes.set(key, shape);
    return { dtype: entry.dtype, shape, offset: entry.offset, bytes: entry.bytes };
  };
  for (const [name, value] of parsed) {
    if (name === '__metadata__') checkMetadata(path, value);
    else {
      const entry = parseEntry(name, value, dataStart, fileBytes);
      if (typeof entry === 'string') return broken(path, `tensor \`${printable(name)}\` ${printable(entry)}`);
      entries.push([name, shared(entry)]);
    }
  }
  entries.sort(([, a], [, b]) => a.offset - b.offset || a.bytes - b.bytes);
  let expected = dataStart;
  for (const [name, entry] of entries) {
    if (entry.offset !== expected) {
      return broken(path, `tensor \`${printable(name)}\` overlaps another or leaves a hole`);
    }
    expected += entry.bytes;
  }
  if (expected !== fileBytes) return broken(path, `${fileBytes - expected} bytes at its end belong to no tensor`);
  return new Map(entries);
};

/** Length of the header of a file of `fileBytes` that begins with `start` (at least 8 bytes where there are so many). */
export const headerLength = (path: string, start: Uint8Array, fileBytes: number): number => {
  if (start.length < 8) return broken(path, `it has only ${fileBytes} bytes`);
  const length = Number(Buffer.from(start.buffer, start.byteOffset, 8).readBigUInt64LE());
  if (length > maximumHeaderBytes || 8 + length > fileBytes) {
    return broken(path, contentKind(start) ?? `its header would be ${formatBytes(length)} long`);
  }
  return length;
};

/** Reads the header of a local file; no weight is read. */
export const readSafetensorsHeader = (path: string): WeightFile => {
  const file = openSync(path, 'r');
  try {
    const { size, mtimeNs } = fstatSync(file, { bigint: true });
    const bytes = Number(size);
    const start = Buffer.alloc(Math.min(64, bytes));
    readSync(file, start, 0, start.length, 0);
    const header = Buffer.alloc(headerLength(path, start, bytes));
    if (readSync(file, header, 0, header.length, 8) !== header.length) return broken(path, 'its header is cut short');
    const entries = parseHeader(path, decodeHeader(path, header), bytes);
    return { file: { path, bytes, modified: mtimeNs.toString() }, entries };
  } finally {
    closeSync(file);
  }
};
