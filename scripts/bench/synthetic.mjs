import { closeSync, existsSync, mkdirSync, openSync, writeFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { configOf, headerOf, tensorsOf } from './llama.mjs';

/** Llama shapes by size: TinyLlama's 1.1 B, and smaller and larger ones of the same proportions. */
export const sizes = {
  '10M': { hidden: 256, ffn: 704, layers: 4, kv: 64, vocab: 16_000 },
  '110M': { hidden: 768, ffn: 2048, layers: 12, kv: 256, vocab: 32_000 },
  '1.1B': { hidden: 2048, ffn: 5632, layers: 22, kv: 256, vocab: 32_000 },
  '3B': { hidden: 3200, ffn: 8640, layers: 26, kv: 3200, vocab: 32_000 },
};

/** A small fast generator (Marsaglia's xorshift32), so that every machine makes the same files. */
const generator = (seed) => {
  let state = seed | 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 4294967296;
  };
};

const poolElements = 1 << 22;

/** Nearly normal numbers (sum of three uniforms) of the given spread. */
const noise = (seed, spread) => {
  const random = generator(seed);
  return Float32Array.from({ length: poolElements }, () => (random() + random() + random() - 1.5) * 2 * spread);
};

/** float32 to bfloat16 by rounding to nearest. */
const toBfloat16 = (values) => {
  const bits = new Uint32Array(values.buffer);
  return Uint16Array.from(bits, (word) => (word + 0x7fff + ((word >>> 16) & 1)) >>> 16);
};

/** Writes `pool` again and again, from element `start` on, until `elements` are written. */
const writeTiled = (file, pool, start, elements) => {
  let position = start % poolElements;
  for (let left = elements; left > 0; ) {
    const count = Math.min(left, poolElements - position);
    writeSync(file, new Uint8Array(pool.buffer, position * 2, count * 2));
    left -= count;
    position = 0;
  }
};

const writeModel = (folder, size, pool) => {
  mkdirSync(folder, { recursive: true });
  const tensors = tensorsOf(size);
  const file = openSync(join(folder, 'model.safetensors'), 'w');
  writeSync(file, headerOf(tensors).header);
  for (const [index, [, shape]] of tensors.entries()) {
    writeTiled(
      file,
      pool,
      index * 999_983,
      shape.reduce((product, size) => product * size, 1),
    );
  }
  closeSync(file);
  writeFileSync(join(folder, 'config.json'), JSON.stringify(configOf(size), null, 2));
};

/** Makes a base and `count` fine-tunes of it (base plus small noise) in bfloat16, unless they are there already. */
export const makeCheckpoints = (directory, sizeName, count) => {
  const size = sizes[sizeName];
  if (size === undefined) throw new Error(`no size ${sizeName}; one of: ${Object.keys(sizes).join(', ')}`);
  const base = noise(1, 0.02);
  const names = ['base', ...Array.from({ length: count }, (_, index) => `tune-${index + 1}`)];
  return names.map((name, index) => {
    const folder = join(directory, sizeName, name);
    if (existsSync(join(folder, 'config.json'))) return folder;
    const delta = index === 0 ? null : noise(1000 + index, 0.002);
    const pool = toBfloat16(delta === null ? base : base.map((value, at) => value + delta[at]));
    writeModel(folder, size, pool);
    return folder;
  });
};
