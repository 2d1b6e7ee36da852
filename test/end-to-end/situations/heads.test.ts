import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { writeModels } from './fixtures.js';
import { elementsOff, type ReadTensor, readTensors, tensorIn } from './read-tensors.js';
import { jsonOf, mergeAll, python } from './run.js';

const folder = temporaryFolder();
const embedding = 'model.embed_tokens.weight';
const head = 'lm_head.weight';
const out = (name: string) => join(folder, name);

const linear = (first: string, second: string) =>
  `merge_method: linear\nmodels:\n  - { model: ${first}, parameters: { weight: 0.75 } }\n  - { model: ${second}, parameters: { weight: 0.25 } }\n`;
const task = (base: string, other: string) =>
  `merge_method: ties\nbase_model: ${base}\nparameters: { normalize: false }\nmodels: [{ model: ${other}, parameters: { weight: 0.25 } }]\n`;
const slerp = (base: string, other: string) =>
  `merge_method: slerp\nbase_model: ${base}\nmodels: [{ model: ${other} }]\nparameters: { t: 0.25 }\n`;

/** Each takes three quarters of the first model and one of the second. */
const recipes = {
  'linear-tied': linear('tied', 'untied'),
  'ties-tied': task('tied', 'untied'),
  'ties-untied': task('untied', 'tied'),
  'slerp-untied': slerp('untied', 'tied'),
};

type Compared = { readonly problems: readonly string[]; readonly error: number };

describe.skipIf(noTorch)(titled('a tied model and one with a head of its own', noTorch), () => {
  const models = new Map<string, ReadonlyMap<string, ReadTensor>>();
  const tensor = (model: string, name: string) => tensorIn(models.get(model) ?? new Map(), name);
  let compared: readonly Compared[] = [];

  beforeAll(async () => {
    // So close to each other that slerp is linear interpolation.
    writeModels(folder, { tied: { tied: true, tune: 1, noise: 0.002 }, untied: { tune: 2, noise: 0.002 } });
    await mergeAll(folder, recipes);
    for (const name of ['tied', 'untied', ...Object.keys(recipes)]) models.set(name, readTensors(out(name)));
    const [first, second] = ['tied', 'untied'].map(out);
    compared = python<Compared[]>('logits.py', {
      first,
      second,
      merges: Object.keys(recipes).map((name) => [name.endsWith('untied') ? 0.25 : 0.75, out(name)]),
    });
  });

  test.each(Object.keys(recipes))('%s has a head, made as if the tied one had a copy of its embedding', (name) => {
    const share = name.endsWith('untied') ? 0.25 : 0.75;
    const [tied, untied] = [tensor('tied', embedding).values, tensor('untied', head).values];
    const expected = tied.map((value, index) => share * value + (1 - share) * (untied[index] ?? Number.NaN));
    expect(elementsOff(tensor(name, head), expected)).toBe(0);
    expect(jsonOf(out(name), 'config.json').tie_word_embeddings).toBe(false);
  });

  test.each(Object.keys(recipes).map((name, index) => [name, index] as const))(
    '%s loads, and has the logits of a merge by hand',
    (_, index) => {
      expect(compared[index]?.problems).toEqual([]);
      expect(compared[index]?.error).toBeLessThan(0.02);
    },
  );
});
