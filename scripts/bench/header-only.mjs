import { closeSync, ftruncateSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { configOf, headerOf, tensorsOf } from './llama.mjs';

/** One shard: a header, and room for the numbers that takes none on the disk. */
const writeShard = (path, tensors) => {
  const { header, dataBytes } = headerOf(tensors);
  const file = openSync(path, 'w');
  writeSync(file, header);
  ftruncateSync(file, header.length + dataBytes);
  closeSync(file);
  return dataBytes;
};

/** Writes a checkpoint of bfloat16 without its numbers, in so many shards; gives its tensors and bytes. */
export const writeHeaderOnly = (folder, shape) => {
  mkdirSync(folder, { recursive: true });
  const tensors = tensorsOf(shape);
  const each = Math.ceil(tensors.length / shape.shards);
  const weightMap = {};
  let bytes = 0;
  for (let number = 0; number < shape.shards; number++) {
    const name = `model-${`${number + 1}`.padStart(5, '0')}-of-${`${shape.shards}`.padStart(5, '0')}.safetensors`;
    const held = tensors.slice(number * each, (number + 1) * each);
    for (const [tensor] of held) weightMap[tensor] = name;
    bytes += writeShard(join(folder, name), held);
  }
  const index = { metadata: { total_size: bytes }, weight_map: weightMap };
  writeFileSync(join(folder, 'model.safetensors.index.json'), JSON.stringify(index));
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(shape)));
  return { tensors: tensors.length, bytes };
};
