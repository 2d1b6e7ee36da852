import { dtypeBytes } from '../hub/safetensors-header.js';
import type { Dtype, Shard, StepOutput } from '../protocol/plan.js';

/** A tensor to be stored. */
export type OutputTensor = { readonly name: string; readonly dtype: Dtype; readonly shape: readonly number[] };

/** Decimal, as every Hub tool counts shards. */
export const defaultShardBytes = 5_000_000_000;

const bytesOf = ({ dtype, shape }: OutputTensor): number =>
  shape.reduce((product, size) => product * size, dtypeBytes[dtype]);

/** Tensors in order, a new shard before the one that would exceed the limit; one larger tensor stands alone. */
const split = (tensors: readonly OutputTensor[], limit: number): OutputTensor[][] => {
  const shards: OutputTensor[][] = [];
  let room = 0;
  for (const tensor of tensors) {
    const bytes = bytesOf(tensor);
    if (shards.length === 0 || bytes > room) {
      shards.push([]);
      room = limit;
    }
    shards.at(-1)?.push(tensor);
    room -= bytes;
  }
  return shards.length === 0 ? [[]] : shards;
};

const shardName = (index: number, count: number): string => {
  const number = (value: number) => String(value).padStart(5, '0');
  return count === 1 ? 'model.safetensors' : `model-${number(index + 1)}-of-${number(count)}.safetensors`;
};

/** Decides every output file: name, header and the place of each tensor. */
export const layOutShards = (
  tensors: readonly OutputTensor[],
  limit: number = defaultShardBytes,
): { shards: Shard[]; outputs: StepOutput[] } => {
  const groups = split(tensors, limit);
  const outputs: StepOutput[] = [];
  const shards = groups.map((group, index) => {
    const header: Record<string, unknown> = Object.create(null);
    header.__metadata__ = { format: 'pt' };
    let end = 0;
    const places = group.map((tensor) => {
      const begin = end;
      end += bytesOf(tensor);
      header[tensor.name] = { dtype: tensor.dtype, shape: tensor.shape, data_offsets: [begin, end] };
      return { shard: index, offset: begin, bytes: end - begin, dtype: tensor.dtype };
    });
    const text = JSON.stringify(header);
    const length = Buffer.byteLength(text);
    const padded = text + ' '.repeat((8 - (length % 8)) % 8);
    const start = 8 + Buffer.byteLength(padded);
    outputs.push(...places.map((place) => ({ ...place, offset: start + place.offset })));
    return { name: shardName(index, groups.length), header: padded, bytes: start + end };
  });
  return { shards, outputs };
};

/** The same for an adapter, which is one file. */
export const layOutAdapter = (tensors: readonly OutputTensor[]): { shards: Shard[]; outputs: StepOutput[] } => {
  const { shards, outputs } = layOutShards(tensors, Number.POSITIVE_INFINITY);
  return { shards: shards.map((shard) => ({ ...shard, name: 'adapter_model.safetensors' })), outputs };
};

/** The index that ties several shards together, or null for a single file. */
export const shardIndex = (
  tensors: readonly OutputTensor[],
  shards: readonly Shard[],
  outputs: readonly StepOutput[],
): string | null => {
  if (shards.length < 2) return null;
  const names = tensors.map(({ name }, index) => [name, shards[outputs[index]?.shard ?? 0]?.name] as const);
  const total = outputs.reduce((sum, { bytes }) => sum + bytes, 0);
  return `${JSON.stringify({ metadata: { total_size: total }, weight_map: Object.fromEntries(names) }, null, 2)}\n`;
};
