import { join } from 'node:path';
import { expect, test } from 'vitest';
import { writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderConfig, decoderTensors } from './stand-ins.js';

const folder = temporaryFolder();
const tiny: Decoder = { layers: 1, hidden: 4, keyRows: 4, ffn: 8, vocabulary: 4 };
for (const name of ['one', 'two'])
  writeCheckpoint(join(folder, name), { tensors: decoderTensors(tiny), config: decoderConfig(tiny) });

const faultsOf = async (text: string, allowUnknown = false) =>
  (await planText(folder, text, { allowUnknown })).faults.map(pointing);

const linear = (entry: string, rest = '') => `merge_method: linear\nmodels:\n  - { model: one, ${entry} }\n${rest}`;

test.each([
  ['beside a model', linear('weight: 1'), ['misplaced-key@3:19 weight']],
  ['at the top', linear('parameters: {}', 'weight: 1\n'), ['misplaced-key@4:1 weight']],
  ['under another name', linear('parameters: { wieght: 1 }'), ['unknown-parameter@3:33 wieght']],
  [
    'of the whole merge at one model',
    'merge_method: slerp\nbase_model: one\nmodels: [{ model: two, parameters: { t: 0.5 } }]\n',
    ['misplaced-parameter@3:38 t'],
  ],
])('a parameter that stands %s is not also called missing', async (_, text, expected) => {
  expect(await faultsOf(text)).toEqual(expected);
});

test('a model for which it is missing besides is told', async () => {
  const text = linear('weight: 1', '  - { model: two }\n');
  expect(await faultsOf(text)).toEqual(['misplaced-key@3:19 weight', 'parameter-missing@4:14 two']);
});

test('another parameter that is missing besides is told', async () => {
  const text = 'merge_method: ties\nbase_model: one\nmodels: [{ model: two, density: 0.5 }]\n';
  expect(await faultsOf(text)).toEqual(['parameter-missing@3:19 two', 'misplaced-key@3:24 density']);
});

test('where names that mean nothing are allowed, it is missing', async () => {
  const faults = await faultsOf(linear('parameters: { wieght: 1 }'), true);
  expect(faults).toEqual(['parameter-missing@3:14 one', 'unknown-parameter@3:33 wieght']);
});
