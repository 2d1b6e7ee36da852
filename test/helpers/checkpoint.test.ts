import { mkdtempSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { localFiles } from '../../src/hub/model-files.js';
import { writeCheckpoint } from './checkpoint.js';
import { encodeTensor } from './encode-tensor.js';

const folder = () => mkdtempSync(join(tmpdir(), 'amalgam-checkpoint-'));
const words = (dtype: 'F16' | 'BF16', value: number) => new Uint16Array(encodeTensor(dtype, [value]).buffer)[0];

test('bfloat16 and float16 round to nearest, ties to even', () => {
  expect([1, -2, 1 + 1 / 256, 1 + 3 / 256, 1 + 1.01 / 256].map((value) => words('BF16', value))).toEqual([
    0x3f80, 0xc000, 0x3f80, 0x3f82, 0x3f81,
  ]);
  const halves = [1, -2, 65504, 65520, 2 ** -24, 2 ** -25, 2 ** -14, 2 ** -14 - 2 ** -24, 1 + 1 / 2048, 0.333251953125];
  expect(halves.map((value) => words('F16', value))).toEqual([
    0x3c00, 0xc000, 0x7bff, 0x7c00, 0x0001, 0x0000, 0x0400, 0x03ff, 0x3c00, 0x3555,
  ]);
});

test('a sharded checkpoint opens with all its tensors', async () => {
  const path = writeCheckpoint(folder(), {
    tensors: {
      a: { dtype: 'F32', shape: [2, 2], data: [1, 2, 3, 4] },
      b: { dtype: 'BF16', shape: [3] },
      c: { dtype: 'I64', shape: [] },
    },
    shards: 2,
    files: { 'tokenizer.json': '{}' },
  });
  const { tensors, files, others } = await openCheckpoint(localFiles(path));
  expect([...tensors.keys()].sort()).toEqual(['a', 'b', 'c']);
  expect(files).toHaveLength(2);
  expect(others).toEqual(['config.json', 'tokenizer.json']);
});

test('a sparse checkpoint has the size of its tensors and no data on disk', async () => {
  const path = writeCheckpoint(folder(), { tensors: { w: { dtype: 'BF16', shape: [32000, 4096] } }, sparse: true });
  const { size, blocks } = statSync(join(path, 'model.safetensors'));
  expect(size).toBeGreaterThan(32000 * 4096 * 2);
  expect(blocks * 512).toBeLessThan(1_000_000);
  expect((await openCheckpoint(localFiles(path))).tensors.get('w')?.shape).toEqual([32000, 4096]);
});
