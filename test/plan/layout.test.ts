import { expect, test } from 'vitest';
import { parseHeader } from '../../src/hub/safetensors-header.js';
import { layOutShards, shardIndex } from '../../src/plan/layout.js';

const tensors = [
  { name: 'a', dtype: 'F32', shape: [2, 3] },
  { name: '__proto__', dtype: 'BF16', shape: [] },
  { name: 'empty', dtype: 'BF16', shape: [0, 4] },
  { name: 'large', dtype: 'F64', shape: [100] },
  { name: 'z', dtype: 'BF16', shape: [3] },
] as const;

test('every byte of a shard belongs to its header or to one tensor', () => {
  const { shards, outputs } = layOutShards(tensors);
  expect(shards.map(({ name }) => name)).toEqual(['model.safetensors']);
  const [shard] = shards;
  const entries = parseHeader('x', shard?.header ?? '', shard?.bytes ?? 0);
  expect([...entries.keys()]).toEqual(tensors.map(({ name }) => name));
  expect([...entries.values()].map(({ offset, bytes }) => ({ offset, bytes }))).toEqual(
    outputs.map(({ offset, bytes }) => ({ offset, bytes })),
  );
  expect(((shard?.header.length ?? 0) + 8) % 8).toBe(0);
});

test('a shard is closed before the tensor that would exceed the limit; a larger tensor stands alone', () => {
  const { shards, outputs } = layOutShards(tensors, 27);
  expect(outputs.map(({ shard }) => shard)).toEqual([0, 0, 0, 1, 2]);
  expect(shards.map(({ name }) => name)).toEqual([1, 2, 3].map((index) => `model-0000${index}-of-00003.safetensors`));
  expect(JSON.parse(shardIndex(tensors, shards, outputs) ?? '')).toEqual({
    metadata: { total_size: 24 + 2 + 0 + 800 + 6 },
    weight_map: Object.fromEntries(tensors.map(({ name }, index) => [name, shards[outputs[index]?.shard ?? 0]?.name])),
  });
});

test('a single file needs no index', () => {
  const { shards, outputs } = layOutShards(tensors);
  expect(shardIndex(tensors, shards, outputs)).toBeNull();
});
