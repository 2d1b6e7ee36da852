import { isUtf8 } from 'node:buffer';

/** Reads a pickle from front to back; past its end, every read throws a RangeError. */
export type Cursor = {
  readonly byte: () => number;
  /** A little-endian number of two bytes, or of four with or without a sign. */
  readonly uint16: () => number;
  readonly uint32: () => number;
  readonly int32: () => number;
  /** A big-endian double. */
  readonly double: () => number;
  /** A little-endian two's complement number; inexact beyond 2^53. */
  readonly long: (length: number) => number;
  /** UTF-8 of a length that comes before it. */
  readonly text: () => string;
  /** ASCII up to a line feed. */
  readonly line: () => string;
};

/** Longest name of a module or of something in one. */
const maximumLine = 200;

export const cursorOver = (bytes: Buffer): Cursor => {
  let position = 0;
  const take = (length: number): number => {
    const start = position;
    if (start + length > bytes.length) throw new RangeError('it is cut short');
    position += length;
    return start;
  };
  const uint32 = () => bytes.readUInt32LE(take(4));
  return {
    byte: () => bytes.readUInt8(take(1)),
    uint16: () => bytes.readUInt16LE(take(2)),
    uint32,
    int32: () => bytes.readInt32LE(take(4)),
    double: () => bytes.readDoubleBE(take(8)),
    long: (length) => {
      const start = take(length);
      if (length === 0) return 0;
      const digits = Buffer.from(bytes.subarray(start, start + length))
        .reverse()
        .toString('hex');
      return Number(BigInt.asIntN(8 * length, BigInt(`0x${digits}`)));
    },
    text: () => {
      const length = uint32();
      const start = take(length);
      const text = bytes.subarray(start, start + length);
      if (!isUtf8(text)) throw new RangeError('it has a text that is not UTF-8');
      return text.toString('utf8');
    },
    line: () => {
      const end = bytes.subarray(position, position + maximumLine).indexOf(0x0a);
      if (end === -1) throw new RangeError('it has a name without an end');
      const start = take(end + 1);
      return bytes.toString('latin1', start, start + end);
    },
  };
};
