import type { ByteSource } from './byte-source.js';
import { damaged } from './refusals.js';

/** A file in a zip archive. */
export type ZipEntry = {
  readonly name: string;
  /** Where its local header begins. */
  readonly header: number;
  readonly bytes: number;
  /** Whether its content lies in the archive as it is, not compressed. */
  readonly isStored: boolean;
  /** Where the next local header or the directory begins; the entry ends before. */
  readonly limit: number;
};

/** Lengths of the records that end an archive. */
const [endLength, locatorLength, end64Length] = [22, 20, 56] as const;
const [endMark, locatorMark, end64Mark, entryMark] = [0x06054b50, 0x07064b50, 0x06064b50, 0x02014b50] as const;
const entryLength = 46;
export const localLength = 30;

/** Far above what any real model needs, and still read in a moment. */
const maximumEntries = 200_000;
const maximumDirectory = 32 * 1024 * 1024;

/** In a 32-bit field: the value is in the zip64 field. */
const elsewhere = 0xffffffff;

/** A data descriptor follows the data; the name is UTF-8. Everything else (encryption, masked headers) is refused. */
const knownFlags = 0x0808;

const count64 = (bytes: Buffer, at: number): number => Number(bytes.readBigUInt64LE(at));

/** Where the directory lies, by the records at the end of the file. */
const findDirectory = async (source: ByteSource): Promise<{ offset: number; length: number; entries: number }> => {
  const { label, bytes } = source;
  const tail = Buffer.from(await source.read(Math.max(0, bytes - endLength - locatorLength - end64Length), bytes));
  const end = tail.length - endLength;
  if (end < 0 || tail.readUInt32LE(end) !== endMark || tail.readUInt16LE(end + 20) !== 0) {
    throw damaged(label, 'the directory of its zip archive is missing; the file is cut short');
  }
  const position = bytes - endLength;
  const locator = end - locatorLength;
  const end64 = locator - end64Length;
  const isLarge = locator >= 0 && tail.readUInt32LE(locator) === locatorMark;
  const marks =
    isLarge && end64 >= 0 && tail.readUInt32LE(end64) === end64Mark && count64(tail, end64 + 4) === end64Length - 12;
  if (isLarge && !marks) throw damaged(label, 'the end of its zip archive is not in order');
  const [stop, entries, length, offset] = isLarge
    ? [
        position - locatorLength - end64Length,
        count64(tail, end64 + 32),
        count64(tail, end64 + 40),
        count64(tail, end64 + 48),
      ]
    : [position, tail.readUInt16LE(end + 10), tail.readUInt32LE(end + 12), tail.readUInt32LE(end + 16)];
  if (offset + length !== stop || length > maximumDirectory || entries > maximumEntries) {
    throw damaged(
      label,
      `its zip archive says that its directory of ${entries} entries is ${length} bytes at ${offset}`,
    );
  }
  return { offset, length, entries };
};

/** The zip64 field of an entry, or an empty one. */
const largeField = (extra: Buffer): Buffer => {
  for (let at = 0; at + 4 <= extra.length; at += 4 + extra.readUInt16LE(at + 2)) {
    if (extra.readUInt16LE(at) === 1) return extra.subarray(at + 4, at + 4 + extra.readUInt16LE(at + 2));
  }
  return extra.subarray(0, 0);
};

/** One record of the directory and its length, or what is wrong with it. */
const parseEntry = (record: Buffer): { entry: Omit<ZipEntry, 'limit'>; length: number } | string => {
  if (record.length < entryLength || record.readUInt32LE(0) !== entryMark) return 'its zip directory is cut short';
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((at) => record.readUInt16LE(at)) as [
    number,
    number,
    number,
  ];
  const length = entryLength + nameLength + extraLength + commentLength;
  if (record.length < length) return 'its zip directory is cut short';
  const name = record.toString('latin1', entryLength, entryLength + nameLength);
  const [flags, method, disk] = [record.readUInt16LE(8), record.readUInt16LE(10), record.readUInt16LE(34)];
  if ((flags & ~knownFlags) !== 0) return `\`${name}\` in it is encrypted or of an unknown kind`;
  if (disk !== 0) return 'its zip archive is in several volumes';
  const large = largeField(record.subarray(entryLength + nameLength, entryLength + nameLength + extraLength));
  let taken = 0;
  const values = [24, 20, 42].map((at) => {
    const value = record.readUInt32LE(at);
    if (value !== elsewhere) return value;
    taken += 8;
    return taken <= large.length ? count64(large, taken - 8) : Number.NaN;
  });
  const [bytes = Number.NaN, packed, header = Number.NaN] = values;
  if (!Number.isSafeInteger(bytes) || !Number.isSafeInteger(header)) return `\`${name}\` in it has no size`;
  return { entry: { name, header, bytes, isStored: method === 0 && bytes === packed }, length };
};

/** Lists a zip archive whose entries neither share a name nor overlap. */
export const readZipDirectory = async (source: ByteSource): Promise<ReadonlyMap<string, ZipEntry>> => {
  const { offset, length, entries: count } = await findDirectory(source);
  const directory = Buffer.from(await source.read(offset, offset + length));
  const found: Omit<ZipEntry, 'limit'>[] = [];
  let position = 0;
  while (found.length < count) {
    const parsed = parseEntry(directory.subarray(position));
    if (typeof parsed === 'string') throw damaged(source.label, parsed);
    found.push(parsed.entry);
    position += parsed.length;
  }
  if (position !== directory.length) throw damaged(source.label, 'its zip directory has something after its entries');
  found.sort((a, b) => a.header - b.header);
  const entries = new Map<string, ZipEntry>();
  for (const [index, { name, header, bytes, isStored }] of found.entries()) {
    const limit = found[index + 1]?.header ?? offset;
    if (header + localLength + name.length + (isStored ? bytes : 0) > limit) {
      throw damaged(source.label, `\`${name}\` in it overlaps what follows`);
    }
    if (entries.has(name)) throw damaged(source.label, `it holds \`${name}\` twice`);
    entries.set(name, { name, header, bytes, isStored, limit });
  }
  return entries;
};
