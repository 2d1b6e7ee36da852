import { dtypeBytes } from '../../src/hub/safetensors-header.js';
import type { Dtype } from '../../src/protocol/plan.js';

const bits = new DataView(new ArrayBuffer(4));

const floatBits = (value: number): number => {
  bits.setFloat32(0, value);
  return bits.getUint32(0);
};

/** A float32 rounded to bfloat16, ties to even. */
const bfloat16Bits = (value: number): number => {
  if (Number.isNaN(value)) return 0x7fc0;
  const whole = floatBits(value);
  return ((whole + 0x7fff + ((whole >>> 16) & 1)) >>> 16) & 0xffff;
};

const roundHalfToEven = (value: number): number => {
  const below = Math.floor(value);
  const rest = value - below;
  return rest > 0.5 || (rest === 0.5 && below % 2 === 1) ? below + 1 : below;
};

/** A number rounded to IEEE half precision, ties to even; a carry out of the mantissa lands in the exponent. */
const float16Bits = (value: number): number => {
  if (Number.isNaN(value)) return 0x7e00;
  const sign = value < 0 || Object.is(value, -0) ? 0x8000 : 0;
  const size = Math.abs(value);
  if (size >= 65520) return sign | 0x7c00;
  const exponent = Math.max(Math.floor(Math.log2(size || 2 ** -24)), -14);
  const mantissa = roundHalfToEven((size / 2 ** exponent) * 1024);
  return sign | (exponent === -14 && mantissa < 1024 ? mantissa : ((exponent + 15) << 10) + mantissa - 1024);
};

type Put = (view: DataView, offset: number, value: number) => void;

const put: Partial<Record<Dtype, Put>> = {
  F64: (view, offset, value) => view.setFloat64(offset, value, true),
  F32: (view, offset, value) => view.setFloat32(offset, value, true),
  F16: (view, offset, value) => view.setUint16(offset, float16Bits(value), true),
  BF16: (view, offset, value) => view.setUint16(offset, bfloat16Bits(value), true),
  I64: (view, offset, value) => view.setBigInt64(offset, BigInt(value), true),
  I32: (view, offset, value) => view.setInt32(offset, value, true),
  I16: (view, offset, value) => view.setInt16(offset, value, true),
  I8: (view, offset, value) => view.setInt8(offset, value),
  U8: (view, offset, value) => view.setUint8(offset, value),
  BOOL: (view, offset, value) => view.setUint8(offset, value),
};

/** Numbers as the little-endian bytes of a tensor. */
export const encodeTensor = (dtype: Dtype, values: readonly number[]): Uint8Array => {
  const write = put[dtype];
  if (write === undefined) throw new Error(`give the bytes of ${dtype} tensors yourself`);
  const size = dtypeBytes[dtype];
  const bytes = new Uint8Array(values.length * size);
  const view = new DataView(bytes.buffer);
  for (const [index, value] of values.entries()) write(view, index * size, value);
  return bytes;
};
