import { join } from 'node:path';
import { expect, test } from 'vitest';
import { promote } from '../../src/plan/tensor-view.js';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 1, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 4 };
for (const [name, dtype] of Object.entries({ one: 'F8_E4M3', two: 'F8_E4M3', other: 'F8_E5M2', full: 'BF16' } as const))
  writeCheckpoint(join(folder, name), {
    tensors: decoderTensors({ ...tiny, dtype }),
    config: { ...decoderConfig(tiny), dtype: 'bfloat16' },
  });

const outputOf = async (models: readonly string[], rest = '') => {
  const list = models.map((model) => `{ model: ${model} }`).join(', ');
  const { plan, faults } = await planText(
    folder,
    `merge_method: linear\nmodels: [${list}]\nparameters: { weight: 1 }\n${rest}`,
  );
  expect(faults).toEqual([]);
  expect(plan?.steps.every(({ operation }) => operation !== null)).toBe(true);
  return new Set(plan?.steps.map(({ output }) => output.dtype));
};

test('tensors of 8-bit floats are merged, into the type that the recipe asks for', async () => {
  expect(await outputOf(['one', 'two'])).toEqual(new Set(['F8_E4M3']));
  expect(await outputOf(['one', 'two'], 'dtype: bfloat16\n')).toEqual(new Set(['BF16']));
  expect(await outputOf(['one', 'full'])).toEqual(new Set(['BF16']));
  expect(await outputOf(['one', 'other'])).toEqual(new Set(['BF16']));
});

test.each([
  [['F8_E4M3', 'F16'], 'F16'],
  [['F8_E4M3', 'F16', 'BF16'], 'F32'],
  [['F8_E5M2', 'F64', 'BF16'], 'F64'],
  [['F8_E5M2', 'F8_E5M2'], 'F8_E5M2'],
  [['F16', 'F32'], 'F32'],
  [['F8_E4M3', 'U8'], 'U8'],
] as const)('%j become %s', (dtypes, expected) => {
  expect(promote(dtypes)).toBe(expected);
});
