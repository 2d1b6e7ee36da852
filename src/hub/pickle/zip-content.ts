import { concurrently } from '../concurrently.js';
import type { ByteSource } from './byte-source.js';
import { damaged } from './refusals.js';
import { localLength, type ZipEntry } from './zip-directory.js';

const localMark = 0x04034b50;

/** Local headers that lie this close together are read at once. */
const together = 64 * 1024;

/** Reads under way at once when the file is on the Hub. */
const readsAtOnce = 8;

/** Where an entry's content begins, from the local header that `bytes` begins with. */
const contentStart = (label: string, { name, header, bytes, limit }: ZipEntry, local: Buffer): number => {
  const isHeader = local.length >= localLength && local.readUInt32LE(0) === localMark && local.readUInt16LE(8) === 0;
  const nameLength = isHeader ? local.readUInt16LE(26) : 0;
  const start = header + localLength + nameLength + (isHeader ? local.readUInt16LE(28) : 0);
  const ownName = local.toString('latin1', localLength, localLength + nameLength);
  if (!isHeader || ownName !== name) throw damaged(label, `the zip archive does not hold \`${name}\` where it says`);
  if (start + bytes > limit) throw damaged(label, `\`${name}\` in it overlaps what follows`);
  return start;
};

/** Entries in the order of the file, in groups that one read covers. */
const grouped = (entries: readonly ZipEntry[]): ZipEntry[][] => {
  const groups: ZipEntry[][] = [];
  for (const entry of [...entries].sort((a, b) => a.header - b.header)) {
    const group = groups.at(-1);
    if (group?.[0] !== undefined && entry.header - group[0].header < together) group.push(entry);
    else groups.push([entry]);
  }
  return groups;
};

/** Where the contents of entries begin in the file, by name. */
export const locateContents = async (
  source: ByteSource,
  entries: readonly ZipEntry[],
): Promise<ReadonlyMap<string, number>> => {
  const located = await concurrently(grouped(entries), readsAtOnce, async (group) => {
    const first = group[0]?.header ?? 0;
    const last = group.at(-1);
    const end = last === undefined ? first : last.header + localLength + last.name.length;
    const bytes = Buffer.from(await source.read(first, end));
    return group.map((entry) => {
      const local = bytes.subarray(entry.header - first);
      return [entry.name, contentStart(source.label, entry, local)] as const;
    });
  });
  return new Map(located.flat());
};

/** The content of one entry. */
export const readContent = async (source: ByteSource, entry: ZipEntry): Promise<Buffer> => {
  const start = (await locateContents(source, [entry])).get(entry.name) ?? 0;
  const content = Buffer.from(await source.read(start, start + entry.bytes));
  if (content.length !== entry.bytes) throw damaged(source.label, `\`${entry.name}\` in it is cut short`);
  return content;
};
