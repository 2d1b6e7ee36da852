/** One instruction with its argument, or the bytes of several. */
export type Code = string | Uint8Array | readonly Code[];

const bytesOf = (code: Code): Buffer =>
  typeof code === 'string'
    ? Buffer.from(code, 'latin1')
    : code instanceof Uint8Array
      ? Buffer.from(code)
      : Buffer.concat(code.map(bytesOf));

export const text = (value: string): Code => {
  const length = Buffer.alloc(4);
  length.writeUInt32LE(Buffer.byteLength(value));
  return ['X', length, Buffer.from(value)];
};

export const int = (value: number): Code => {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32LE(value);
  return ['J', bytes];
};

export const long = (value: bigint, length = 8): Code => {
  const bytes = Buffer.alloc(length);
  for (let at = 0; at < length; at++) bytes[at] = Number((value >> BigInt(8 * at)) & 0xffn);
  return ['\x8a', Buffer.from([length]), bytes];
};

export const global = (module: string, name: string): Code => `c${module}\n${name}\n`;
export const tuple = (...items: readonly Code[]): Code => ['(', ...items, 't'];
export const call = (callee: Code, ...given: readonly Code[]): Code => [callee, tuple(...given), 'R'];
export const ordered: Code = call(global('collections', 'OrderedDict'));

export type PickleTensor = {
  readonly shape: readonly number[];
  readonly stride?: readonly number[];
  readonly offset?: Code;
  readonly storage?: string;
  readonly key?: string;
  readonly elements?: Code;
};

/** A tensor as torch pickles it; by default four floats of storage `0` in a row. */
export const tensor = ({
  shape,
  stride = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, size) => product * size, 1)),
  offset = int(0),
  storage = 'FloatStorage',
  key = '0',
  elements = int(4),
}: PickleTensor): Code => {
  const identifier = tuple(text('storage'), global('torch', storage), text(key), text('cpu'), elements);
  const sizes = tuple(...shape.map(int));
  return call(
    global('torch._utils', '_rebuild_tensor_v2'),
    [identifier, 'Q'],
    offset,
    sizes,
    tuple(...stride.map(int)),
    '\x89',
    ordered,
  );
};

export const dictionary = (entries: Readonly<Record<string, Code>>): Code => [
  '}(',
  ...Object.entries(entries).map(([name, value]): Code => [text(name), value]),
  'u',
];

export const pickle = (...codes: readonly Code[]): Buffer => bytesOf(['\x80\x02', ...codes, '.']);
