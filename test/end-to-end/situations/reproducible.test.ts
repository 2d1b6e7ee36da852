import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { writeModels } from './fixtures.js';
import { digests, jsonOf, mergeTo } from './run.js';

const folder = temporaryFolder();
const at = (name: string) => join(folder, name);

const random =
  'merge_method: dare_ties\nbase_model: base\nparameters: { density: 0.5, weight: 0.5 }\nmodels: [{ model: one }, { model: two }]\n';
const average =
  'merge_method: linear\nparameters: { weight: 1 }\nmodels: [{ model: two }, { model: one }, { model: base }]\n';

describe.skipIf(noTorch)(titled('the same recipe', noTorch), () => {
  const merge = async (name: string, recipe: string, threads: number, seed: string, flags: readonly string[] = []) => {
    const options = { env: { PYTHONHASHSEED: seed } };
    const { code, stderr } = await mergeTo(folder, name, recipe, ['--threads', String(threads), ...flags], options);
    expect([code, stderr]).toEqual([0, '']);
    return digests(at(name));
  };

  beforeAll(() => {
    const marked = (mark: string) => ({ config: { mark }, files: { 'extra.txt': mark } });
    writeModels(folder, {
      base: { ...marked('base') },
      one: { tune: 1, ...marked('one') },
      two: { tune: 2, ...marked('two') },
    });
  });

  test('gives every file the same bytes, with any number of threads and any hash seed', async () => {
    const [first, second] = await Promise.all([merge('a', random, 1, '0'), merge('b', random, 8, '4321')]);
    expect(Object.keys(first)).toEqual(
      expect.arrayContaining(['config.json', 'model.safetensors', 'tokenizer.json', 'README.md']),
    );
    expect(second).toEqual(first);
    expect(await merge('a', random, 2, '1', ['--force'])).toEqual(first);
  });

  test('with another seed gives other weights', async () => {
    const [{ 'model.safetensors': first }, { 'model.safetensors': other }] = [
      digests(at('a')),
      await merge('c', random, 1, '0', ['--seed', '145']),
    ];
    expect(other).not.toBe(first);
  });

  test('without a base takes configuration and tokenizer from the model that is listed first', async () => {
    const first = await merge('d', average, 1, '99');
    expect(jsonOf(at('d'), 'config.json').mark).toBe('two');
    expect(first['extra.txt']).toBe(digests(at('two'))['extra.txt']);
  });
});
