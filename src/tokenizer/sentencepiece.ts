/** Kinds of a piece in sentencepiece's model format. */
const [unknownPiece, controlPiece, userDefinedPiece] = [2, 3, 4] as const;

export type Piece = {
  readonly text: string;
  /** Matched as it stands: a control symbol, or one that the model's maker defined. */
  readonly added: boolean;
  readonly special: boolean;
};

/** Where reading stops: bytes that cannot be a protocol buffer. */
class Malformed extends Error {}

type Reader = { readonly bytes: Uint8Array; at: number; readonly end: number };

/** Wire types of protocol buffers. */
const [varintType, eightBytes, lengthDelimited, fourBytes] = [0, 1, 2, 5] as const;

const varint = (reader: Reader): number => {
  let value = 0;
  for (let shift = 0; shift < 10; shift++) {
    const byte = reader.bytes[reader.at];
    if (byte === undefined || reader.at >= reader.end) break;
    reader.at += 1;
    value += (byte & 127) * 2 ** (7 * shift);
    if (byte < 128) return value;
  }
  throw new Malformed();
};

/** Calls `visit` for each field of a message; `content` is a reader of the field's bytes where it has a length. */
const eachField = (reader: Reader, visit: (field: number, value: number, content: Reader | null) => void): void => {
  while (reader.at < reader.end) {
    const tag = varint(reader);
    const type = tag % 8;
    let value = 0;
    let content: Reader | null = null;
    if (type === varintType) value = varint(reader);
    else {
      const length =
        type === lengthDelimited ? varint(reader) : type === eightBytes ? 8 : type === fourBytes ? 4 : Number.NaN;
      const end = reader.at + length;
      if (!(end <= reader.end)) throw new Malformed();
      if (type === lengthDelimited) content = { bytes: reader.bytes, at: reader.at, end };
      reader.at = end;
    }
    visit(Math.floor(tag / 8), value, content);
  }
};

const decoder = new TextDecoder();

/** SentencePiece {1: piece, 3: type}. */
const readPiece = (reader: Reader): Piece => {
  let text: string | undefined;
  let type = 0;
  eachField(reader, (field, value, content) => {
    if (field === 1 && content !== null) text = decoder.decode(content.bytes.subarray(content.at, content.end));
    if (field === 3) type = value;
  });
  if (text === undefined) throw new Malformed();
  const special = type === controlPiece || type === unknownPiece;
  return { text, added: special || type === userDefinedPiece, special };
};

/** The pieces of a sentencepiece model in the order of their ids (ModelProto, field 1), or undefined for other bytes. */
export const readPieces = (bytes: Uint8Array): Piece[] | undefined => {
  const pieces: Piece[] = [];
  try {
    eachField({ bytes, at: 0, end: bytes.length }, (field, _, content) => {
      if (field === 1 && content === null) throw new Malformed();
      if (field === 1 && content !== null) pieces.push(readPiece(content));
    });
  } catch (error) {
    if (error instanceof Malformed) return undefined;
    throw error;
  }
  return pieces.length > 0 ? pieces : undefined;
};

/** Whether the bytes are a tiktoken file (`base64 rank` by line), which some models also call tokenizer.model. */
export const isTiktoken = (bytes: Uint8Array): boolean =>
  /^[A-Za-z0-9+/]+={0,2} \d+\r?\n/.test(Buffer.from(bytes.subarray(0, 400)).toString('latin1'));
