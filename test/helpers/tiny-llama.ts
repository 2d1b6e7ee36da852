import { join } from 'node:path';
import type { Dtype } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from './checkpoint.js';

export type TinyLlama = {
  readonly layers?: number;
  readonly hidden?: number;
  readonly ffn?: number;
  readonly vocabulary?: number;
  readonly dtype?: Dtype;
};

/** The tensors of a Llama small enough to write in a test, values by `valueAt(tensor index, element)`. */
export const tinyLlamaTensors = (
  { layers = 4, hidden = 4, ffn = 8, vocabulary = 6, dtype = 'BF16' }: TinyLlama = {},
  valueAt: (tensor: number, element: number) => number = (tensor, element) =>
    ((tensor * 7 + element * 3) % 11) / 8 - 0.5,
): TestTensors => {
  const shapes: [string, number[]][] = [['model.embed_tokens.weight', [vocabulary, hidden]]];
  for (let layer = 0; layer < layers; layer++) {
    shapes.push(
      [`model.layers.${layer}.self_attn.q_proj.weight`, [hidden, hidden]],
      [`model.layers.${layer}.mlp.up_proj.weight`, [ffn, hidden]],
      [`model.layers.${layer}.input_layernorm.weight`, [hidden]],
    );
  }
  shapes.push(['model.norm.weight', [hidden]]);
  return Object.fromEntries(
    shapes.map(([name, shape], tensor) => {
      const elements = shape.reduce((product, size) => product * size, 1);
      return [name, { dtype, shape, data: Array.from({ length: elements }, (_, element) => valueAt(tensor, element)) }];
    }),
  );
};

/** Writes tiny Llamas by name into `folder`. */
export const writeTinyLlamas = (folder: string, models: Readonly<Record<string, TinyLlama>>): void => {
  for (const [name, shape] of Object.entries(models))
    writeCheckpoint(join(folder, name), { tensors: tinyLlamaTensors(shape) });
};
