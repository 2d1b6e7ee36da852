import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { type TestTensor, writeCheckpoint } from '../../helpers/checkpoint.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { randomNumbers } from './fixtures.js';
import { elementsOff, type ReadTensor, readTensors, tensorIn } from './read-tensors.js';
import { mergeAll } from './run.js';

const folder = temporaryFolder();
const side = 400;

const random = (seed: number, elements: number): number[] => {
  const next = randomNumbers(seed);
  return Array.from({ length: elements }, next);
};

const tensors = {
  /** 160 000 of them: more than float16 can count. */
  ones: (model: string) => Array.from({ length: side * side }, () => (model === 'base' ? 0 : 1)),
  /** Task vectors of opposite signs, the second half as long. */
  signs: (model: string) => random(1, 64).map((value) => value * ({ first: 1, second: -0.5 }[model] ?? 0)),
  norm: (model: string) => random(model.length, 64),
  dropped: (model: string) => random(model.length + 50, 4096),
};
type Name = keyof typeof tensors;
const names = Object.keys(tensors) as Name[];

const write = (model: string): void => {
  const entries = names.map((name): [string, TestTensor] => {
    const data = tensors[name](model);
    const shape = name === 'ones' ? [side, side] : name === 'dropped' ? [64, 64] : [data.length];
    return [`${name}.weight`, { dtype: name === 'ones' ? 'F16' : 'F32', shape, data }];
  });
  const config = { model_type: 'made-up', architectures: ['MadeUpModel'] };
  writeCheckpoint(join(folder, model), { tensors: Object.fromEntries(entries), config, shards: 2 });
};

const ties = (dialect: string) => `merge_method: ties
base_model: base
parameters: { dialect: ${dialect}, rescale: true, normalize: true, density: [{ filter: ones, value: 0.5 }, { filter: dropped, value: 0 }, { value: 1 }] }
models:
  - { model: first, parameters: { weight: [{ filter: ones, value: 1 }, { value: 0.2 }] } }
  - { model: second, parameters: { weight: [{ filter: ones, value: 0 }, { value: 0.8 }] } }
`;

const recipes = {
  twice:
    'merge_method: linear\nparameters: { normalize: false }\nmodels:\n  - { model: first, parameters: { weight: 0.1 } }\n  - { model: first, parameters: { weight: 1.0 } }\n',
  ties: ties('mergekit'),
  paper: ties('paper'),
  dare: 'merge_method: dare_linear\nbase_model: base\nparameters: { density: [{ filter: dropped, value: 0 }, { value: 0.5 }] }\nmodels: [{ model: first, parameters: { weight: 1 } }]\n',
  breadcrumbs: `merge_method: breadcrumbs
base_model: base
parameters: { density: 0.9, gamma: [{ filter: norm, value: 0.01 }, { value: 0 }] }
models: [{ model: first, parameters: { weight: 1 } }]
`,
};

describe.skipIf(noTorch)(titled('arithmetic as it is written', noTorch), () => {
  const models = new Map<string, ReadonlyMap<string, ReadTensor>>();
  const tensor = (model: string, name: Name) => tensorIn(models.get(model) ?? new Map(), `${name}.weight`);

  beforeAll(async () => {
    for (const model of ['base', 'first', 'second']) write(model);
    await mergeAll(folder, recipes);
    for (const name of ['base', 'first', 'second', ...Object.keys(recipes)])
      models.set(name, readTensors(join(folder, name)));
  });

  test('a model that is listed twice counts twice', () => {
    for (const name of names) {
      const expected = tensor('first', name).values.map((value) => 1.1 * value);
      expect(elementsOff(tensor('twice', name), expected)).toBe(0);
    }
  });

  test('ties elects the sign with the greater weighted sum, and divides by the weight that agreed', () => {
    expect(elementsOff(tensor('ties', 'signs'), tensor('second', 'signs').values)).toBe(0);
  });

  test('the paper lets each model vote alike, and counts the models that agreed', () => {
    const expected = tensor('first', 'signs').values.map((value) => 0.2 * value);
    expect(elementsOff(tensor('paper', 'signs'), expected)).toBe(0);
  });

  test('ties keeps exactly half of 160 000 ones and doubles them in float16', () => {
    const { dtype, values } = tensor('ties', 'ones');
    expect(dtype).toBe('F16');
    expect([0, 2].map((wanted) => values.filter((value) => value === wanted).length)).toEqual([80_000, 80_000]);
  });

  test.each(['ties', 'dare'])('%s of density 0 is the base to the bit', (name) => {
    expect(tensor(name, 'dropped')).toEqual(tensor('base', 'dropped'));
  });

  test.each([
    ['norm', 6],
    ['signs', 6],
  ] as const)('breadcrumbs drops the tails of the %s of 64 elements, not all of it', (name, most) => {
    const [merged, base, first] = ['breadcrumbs', 'base', 'first'].map((model) => tensor(model, name).values);
    const isKept = merged?.map((value, index) => Number(Math.abs(value - (first?.[index] ?? Number.NaN)) < 1e-6)) ?? [];
    const isBase = merged?.map((value, index) => Number(value === base?.[index])) ?? [];
    const count = (flags: ArrayLike<number>) => Array.from(flags).reduce((sum, flag) => sum + flag, 0);
    expect(count(isKept) + count(isBase)).toBe(64);
    expect(count(isBase)).toBeGreaterThan(0);
    expect(count(isBase)).toBeLessThanOrEqual(most + 1);
  });
});
