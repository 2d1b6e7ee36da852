import { readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeHeaderOnly } from '../../scripts/bench/header-only.mjs';
import { tensorsOf } from '../../scripts/bench/llama.mjs';
import { readSafetensorsHeader } from '../../src/hub/safetensors-header.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const llama70b = { layers: 80, hidden: 8192, kv: 1024, ffn: 28_672, vocab: 32_000, shards: 29 };

test('the names and shapes are those of Llama 2 70B', () => {
  const tensors = tensorsOf(llama70b);
  expect(tensors).toHaveLength(723);
  const parameters = tensors.reduce((sum, [, shape]) => sum + shape.reduce((product, size) => product * size, 1), 0);
  expect(parameters).toBe(68_976_648_192);
});

test.each([0, 2])('a checkpoint of %i experts has whole headers and nothing behind them', (experts) => {
  const shape = { layers: 3, hidden: 128, kv: 128, ffn: 256, vocab: 64, experts, shards: 2 };
  const path = join(folder, `experts-${experts}`);
  const { tensors, bytes } = writeHeaderOnly(path, shape);
  const index = JSON.parse(readFileSync(join(path, 'model.safetensors.index.json'), 'utf8'));
  const shards = [...new Set(Object.values<string>(index.weight_map))];
  const read = shards.map((shard) => readSafetensorsHeader(join(path, shard)));
  expect(read.flatMap(({ entries }) => [...entries.keys()])).toEqual(Object.keys(index.weight_map));
  expect(read.reduce((sum, { entries }) => sum + entries.size, 0)).toBe(tensors);
  expect(
    read.reduce((sum, { entries }) => sum + [...entries.values()].reduce((all, one) => all + one.bytes, 0), 0),
  ).toBe(bytes);
  for (const shard of shards) {
    const { size, blocks } = statSync(join(path, shard));
    expect(blocks * 512).toBeLessThan(size / 2);
  }
});
