/** A number as a protocol buffer's varint. */
const varint = (value: number): number[] => (value < 128 ? [value] : [(value % 128) + 128, ...varint(value >> 7)]);

const delimited = (field: number, content: Uint8Array | readonly number[]): number[] => [
  ...varint(field * 8 + 2),
  ...varint(content.length),
  ...content,
];

/** A sentencepiece model with these pieces, each perhaps with its type, and the parts that a reader has to pass over. */
export const sentencepieceModel = (pieces: readonly (string | readonly [string, number])[]): Uint8Array => {
  const written = pieces.map((piece) => {
    const [text, type] = typeof piece === 'string' ? [piece, 1] : piece;
    const score = [2 * 8 + 5, 0, 0, 128, 191];
    return delimited(1, [...delimited(1, Buffer.from(text)), ...score, ...(type === 1 ? [] : [3 * 8, type])]);
  });
  const trainer = delimited(2, [
    ...delimited(1, Buffer.from('corpus')),
    4 * 8,
    ...varint(pieces.length),
    9 * 8 + 1,
    ...Array<number>(8).fill(0),
  ]);
  return Uint8Array.from([...written.flat(), ...trainer]);
};
