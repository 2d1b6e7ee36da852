import { join } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { openModel } from '../../src/hub/open-model.js';
import { describeModel } from '../../src/plan/architecture.js';
import { nameReaders } from '../../src/plan/tensor-name.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { type Decoder, decoderTensors, writeStandIn } from './stand-ins.js';

const folder = temporaryFolder();
const names = ['base', 'one', 'two', 'three'];
const tiny: Decoder = { layers: 2, hidden: 4, keyRows: 2, ffn: 8, vocabulary: 6 };
const deep: Decoder = { ...tiny, layers: 900 };
for (const name of names) {
  writeStandIn(folder, `${name}-tiny`, tiny);
  writeStandIn(folder, `${name}-deep`, deep);
}
const inputs = names.length * Object.keys(decoderTensors(deep)).length;

setFlagsFromString('--expose_gc');
const collectGarbage: () => void = runInNewContext('gc');

/** What `make` makes, and the bytes that stay in memory while it is held. */
const held = async <Made>(make: () => Promise<Made>): Promise<{ made: Made; bytes: number }> => {
  collectGarbage();
  const before = process.memoryUsage().heapUsed;
  const made = await make();
  collectGarbage();
  return { made, bytes: process.memoryUsage().heapUsed - before };
};

const plan = async (size: 'tiny' | 'deep') => {
  const models = names.slice(1).map((name) => `  - { model: ${name}-${size}, parameters: { weight: 0.3 } }`);
  const recipe = `merge_method: ties\nbase_model: base-${size}\nparameters: { density: 0.5 }\nmodels:\n${models.join('\n')}`;
  return (await planText(folder, recipe)).plan;
};

const open = async (size: 'tiny' | 'deep') =>
  await Promise.all(
    names.map(async (name) => {
      const path = join(folder, `${name}-${size}`);
      const reference = { text: name, model: { kind: 'folder', path }, adapter: null } as const;
      return await openModel(reference, null, () => Promise.reject(new Error('no Hub')));
    }),
  );

test('a plan takes little memory for each tensor of each model, and so does what is known of the models', async () => {
  await plan('tiny');
  const planned = await held(() => plan('deep'));
  expect(planned.made?.steps).toHaveLength(inputs / names.length);
  expect(planned.bytes / inputs).toBeLessThan(400);
  const opened = await held(() => open('deep'));
  expect(opened.bytes / inputs).toBeLessThan(125);
  const readers = nameReaders();
  const described = await held(async () => opened.made.map((model) => describeModel(model, readers)));
  expect(described.made.map(({ names: { length } }) => length)).toEqual(names.map(() => inputs / names.length));
  expect(described.bytes / inputs).toBeLessThan(250);
});
