import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

export type ReadTensor = { readonly dtype: string; readonly shape: readonly number[]; readonly values: Float64Array };

const word = new DataView(new ArrayBuffer(4));

const bfloat16 = (bits: number): number => {
  word.setUint32(0, bits << 16);
  return word.getFloat32(0);
};

/** IEEE 754 half precision. */
const float16 = (bits: number): number => {
  const [sign, exponent, fraction] = [bits & 0x8000 ? -1 : 1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
};

const decoders: Readonly<Record<string, (view: DataView, element: number) => number>> = {
  BF16: (view, element) => bfloat16(view.getUint16(2 * element, true)),
  F16: (view, element) => float16(view.getUint16(2 * element, true)),
  F32: (view, element) => view.getFloat32(4 * element, true),
};

type Entry = { readonly dtype: string; readonly shape: readonly number[]; readonly data_offsets: [number, number] };

/** All tensors of a folder's safetensors files, as float64. */
export const readTensors = (folder: string): Map<string, ReadTensor> => {
  const tensors = new Map<string, ReadTensor>();
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.safetensors'))) {
    const bytes = readFileSync(join(folder, file));
    const start = 8 + Number(bytes.readBigUInt64LE(0));
    const { __metadata__, ...header }: Record<string, Entry> = JSON.parse(bytes.toString('utf8', 8, start));
    for (const [name, { dtype, shape, data_offsets: place }] of Object.entries(header)) {
      const decode = decoders[dtype];
      if (decode === undefined) throw new Error(`${name} is of type ${dtype}`);
      const view = new DataView(bytes.buffer, bytes.byteOffset + start + place[0], place[1] - place[0]);
      const elements = shape.reduce((product, size) => product * size, 1);
      const values = Float64Array.from({ length: elements }, (_, element) => decode(view, element));
      tensors.set(name, { dtype, shape, values });
    }
  }
  return tensors;
};

/** One tensor, which must be there. */
export const tensorIn = (tensors: ReadonlyMap<string, ReadTensor>, name: string): ReadTensor => {
  const tensor = tensors.get(name);
  if (tensor === undefined) throw new Error(`no ${name}`);
  return tensor;
};

/** Values of rows `from` to `to`. */
export const rowsOf = ({ shape, values }: ReadTensor, from: number, to = shape[0] ?? 0): Float64Array => {
  const width = shape[1] ?? 1;
  return values.subarray(from * width, to * width);
};

const relative = { F32: 2 ** -22, F16: 2 ** -10, BF16: 2 ** -7 };

/** Elements that are further from `expected` than a rounding step of the type, and float32's noise, explain. */
export const elementsOff = ({ dtype, values }: ReadTensor, expected: ArrayLike<number>): number => {
  if (values.length !== expected.length) return Number.POSITIVE_INFINITY;
  const step = relative[dtype as keyof typeof relative];
  return values.reduce((count, value, index) => {
    const wanted = expected[index] ?? Number.NaN;
    return Math.abs(value - wanted) <= Math.abs(wanted) * step + 1e-6 ? count : count + 1;
  }, 0);
};
