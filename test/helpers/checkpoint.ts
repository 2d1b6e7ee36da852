import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { dtypeBytes } from '../../src/hub/safetensors-header.js';
import type { Dtype } from '../../src/protocol/plan.js';
import { encodeTensor } from './encode-tensor.js';

export type TestTensor = {
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** Values in row-major order, or the very bytes; zeros when left out. */
  readonly data?: readonly number[] | Uint8Array;
};

export type TestTensors = Readonly<Record<string, TestTensor>>;

export type TestCheckpoint = {
  readonly tensors: TestTensors;
  /** Contents of config.json; left out: a small Llama config; null: no config.json. */
  readonly config?: Readonly<Record<string, unknown>> | null;
  /** Number of weight files, tensors dealt in order; more than one adds an index. */
  readonly shards?: number;
  /** Files of the right size with headers but without data on disk, for checkpoints of any size. */
  readonly sparse?: boolean;
  /** More files by name, such as `tokenizer.json`. */
  readonly files?: Readonly<Record<string, string | Uint8Array>>;
};

const sizeOf = ({ dtype, shape }: TestTensor): number =>
  shape.reduce((product, size) => product * size, dtypeBytes[dtype]);

const bytesOf = (tensor: TestTensor): Uint8Array => {
  const { data, dtype } = tensor;
  if (data === undefined) return new Uint8Array(sizeOf(tensor));
  const bytes = data instanceof Uint8Array ? data : encodeTensor(dtype, data);
  if (bytes.length !== sizeOf(tensor)) throw new Error(`${bytes.length} bytes given for ${sizeOf(tensor)}`);
  return bytes;
};

/** Length and JSON of a header, padded with spaces so that data starts at a multiple of eight. */
export const frameHeader = (json: string): Buffer => {
  const text = Buffer.from(json);
  const padded = Buffer.alloc(Math.ceil(text.length / 8) * 8, ' ');
  text.copy(padded);
  const length = Buffer.alloc(8);
  length.writeBigUInt64LE(BigInt(padded.length));
  return Buffer.concat([length, padded]);
};

const headerOf = (tensors: TestTensors): { header: Buffer; dataBytes: number } => {
  let end = 0;
  const entries = Object.entries(tensors).map(([name, tensor]) => {
    const begin = end;
    end += sizeOf(tensor);
    const entry = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] };
    return `${JSON.stringify(name)}:${JSON.stringify(entry)}`;
  });
  const json = `{${['"__metadata__":{"format":"pt"}', ...entries].join(',')}}`;
  return { header: frameHeader(json), dataBytes: end };
};

/** The bytes of a safetensors file with these tensors in this order. */
export const safetensorsBytes = (tensors: TestTensors): Buffer =>
  Buffer.concat([headerOf(tensors).header, ...Object.values(tensors).map(bytesOf)]);

export const writeSafetensors = (path: string, tensors: TestTensors, { sparse = false } = {}): void => {
  mkdirSync(dirname(path), { recursive: true });
  if (!sparse) {
    writeFileSync(path, safetensorsBytes(tensors));
    return;
  }
  const { header, dataBytes } = headerOf(tensors);
  const file = openSync(path, 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + dataBytes);
  closeSync(file);
};

const smallLlama = { architectures: ['LlamaForCausalLM'], model_type: 'llama' };

/** Writes a model folder as `save_pretrained` would and returns its path. */
export const writeCheckpoint = (
  folder: string,
  { tensors, config = smallLlama, shards = 1, sparse = false, files = {} }: TestCheckpoint,
): string => {
  mkdirSync(folder, { recursive: true });
  const names = Object.keys(tensors);
  const fileOf = (index: number): string => {
    const shard = Math.floor((index * shards) / names.length) + 1;
    const padded = (value: number) => String(value).padStart(5, '0');
    return shards === 1 ? 'model.safetensors' : `model-${padded(shard)}-of-${padded(shards)}.safetensors`;
  };
  const weightMap = Object.fromEntries(names.map((name, index) => [name, fileOf(index)]));
  for (const file of new Set(Object.values(weightMap))) {
    const held = Object.entries(tensors).filter(([name]) => weightMap[name] === file);
    writeSafetensors(join(folder, file), Object.fromEntries(held), { sparse });
  }
  if (shards > 1) {
    const total = Object.values(tensors).reduce((sum, tensor) => sum + sizeOf(tensor), 0);
    const index = { metadata: { total_size: total }, weight_map: weightMap };
    writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  }
  if (config !== null) writeFileSync(join(folder, 'config.json'), JSON.stringify(config));
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), content);
  }
  return folder;
};
