/** A zip archive as torch.save writes it, entry by entry, so that any of it can be wrong. */
export type ZipPart = {
  readonly name: string;
  readonly content: Uint8Array | string;
  readonly method?: number;
  readonly flags?: number;
  /** Size that the directory claims. */
  readonly claimed?: number;
  /** Position that the directory claims. */
  readonly position?: number;
  /** Name in the local header. */
  readonly localName?: string;
};

/** In a field of four bytes: the value is in the zip64 field. */
const large = 0xffffffff;

const record = (length: number, fields: readonly (readonly [offset: number, size: 2 | 4 | 8, value: number])[]) => {
  const bytes = Buffer.alloc(length);
  for (const [offset, size, value] of fields) {
    if (size === 8) bytes.writeBigUInt64LE(BigInt(value), offset);
    else bytes.writeUIntLE(Math.min(value, large), offset, size);
  }
  return bytes;
};

/** Puts contents at multiples of 64, as torch does by a field in the local header. */
const padded = (position: number, name: string): Buffer => {
  const start = position + 30 + name.length + 4;
  const padding = Buffer.alloc(4 + (-start & 63));
  padding.write('FB');
  padding.writeUInt16LE(padding.length - 4, 2);
  return padding;
};

export type ZipOptions = {
  readonly zip64?: boolean;
  readonly comment?: string;
  /** Number of entries that the end claims. */
  readonly entries?: number;
  /** Bytes that the directory will be moved by. */
  readonly hole?: number;
};

export const zipBytes = (
  parts: readonly ZipPart[],
  { zip64 = false, comment = '', entries, hole = 0 }: ZipOptions = {},
): Buffer => {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let position = 0;
  for (const { name, content, method = 0, flags = 0x0808, claimed, position: told, localName = name } of parts) {
    const bytes = Buffer.from(content);
    const extra = padded(position, localName);
    const local = record(30, [
      [0, 4, 0x04034b50],
      [6, 2, flags],
      [8, 2, method],
      [26, 2, localName.length],
      [28, 2, extra.length],
    ]);
    const [size, header] = [claimed ?? bytes.length, told ?? position];
    const field = record(28, [
      [0, 2, 1],
      [2, 2, 24],
      [4, 8, size],
      [12, 8, size],
      [20, 8, header],
    ]);
    const entry = record(46, [
      [0, 4, 0x02014b50],
      [8, 2, flags],
      [10, 2, method],
      [20, 4, zip64 ? large : bytes.length],
      [24, 4, zip64 ? large : size],
      [28, 2, name.length],
      [30, 2, zip64 ? field.length : 0],
      [42, 4, zip64 ? large : header],
    ]);
    files.push(local, Buffer.from(localName), extra, bytes);
    directory.push(entry, Buffer.from(name), zip64 ? field : Buffer.alloc(0));
    position += local.length + localName.length + extra.length + bytes.length;
  }
  const list = Buffer.concat(directory);
  const count = entries ?? parts.length;
  const end64 = record(76, [
    [0, 4, 0x06064b50],
    [4, 8, 44],
    [24, 8, count],
    [32, 8, count],
    [40, 8, list.length],
    [48, 8, position + hole],
    [56, 4, 0x07064b50],
    [64, 8, position + hole + list.length],
    [72, 4, 1],
  ]);
  const end = record(22, [
    [0, 4, 0x06054b50],
    [8, 2, zip64 ? 0xffff : count],
    [10, 2, zip64 ? 0xffff : count],
    [12, 4, zip64 ? large : list.length],
    [16, 4, zip64 ? large : position + hole],
    [20, 2, comment.length],
  ]);
  return Buffer.concat([...files, list, zip64 ? end64 : Buffer.alloc(0), end, Buffer.from(comment)]);
};
