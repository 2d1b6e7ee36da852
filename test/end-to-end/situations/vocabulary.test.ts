import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { writeModels } from './fixtures.js';
import { elementsOff, type ReadTensor, readTensors, rowsOf, tensorIn } from './read-tensors.js';
import { faultsOf, jsonOf, mergeAll, python } from './run.js';

const folder = temporaryFolder();
const tools = Array.from({ length: 8 }, (_, index) => `<tool${index}>`);
const embedding = 'model.embed_tokens.weight';
const vocabularyTensors = [embedding, 'lm_head.weight'];

type Seen = Readonly<Record<string, unknown>>;

const weighted = (model: string) => `  - { model: ${model}, parameters: { weight: 0.5 } }\n`;
const recipes = {
  linear: `merge_method: linear\nmodels:\n${weighted('extended')}${weighted('plain')}`,
  slerp: 'merge_method: slerp\nbase_model: extended\nmodels: [{ model: plain }]\nparameters: { t: 0.25 }\n',
  ties: `merge_method: ties\nbase_model: plain\nmodels:\n${weighted('extended')}`,
  'kept-padding': `merge_method: della\nbase_model: padded\ntokenizer_source: base\nmodels:\n${weighted('padded-tuned')}`,
  'left-out': `merge_method: ties\nbase_model: beyond\ntokenizer_source: base\nchat_template: auto\nmodels:\n${weighted('plain')}`,
  grown: `merge_method: ties\nbase_model: beyond\ntokenizer_source: beyond\nmodels:\n${weighted('plain')}`,
};

const dot = (left: Float64Array, right: Float64Array) =>
  left.reduce((sum, value, index) => sum + value * (right[index] ?? Number.NaN), 0);

/** How much of the extended model and of the plain one is in the result, where both have all rows. */
const sharesOf = {
  linear: () => [0.5, 0.5],
  slerp: (base: Float64Array, other: Float64Array) => {
    const angle = Math.acos(dot(base, other) / Math.sqrt(dot(base, base) * dot(other, other)));
    return [Math.sin(0.75 * angle) / Math.sin(angle), Math.sin(0.25 * angle) / Math.sin(angle)];
  },
  // Of one model, whose weight is normalised, all of the task vector is added.
  ties: () => [1, 0],
} as const satisfies Record<string, (base: Float64Array, other: Float64Array) => readonly [number, number]>;

const out = (name: string) => join(folder, name);

describe.skipIf(noTorch)(titled('vocabularies of different sizes', noTorch), () => {
  let models = new Map<string, ReadonlyMap<string, ReadTensor>>();
  let seen = new Map<string, Seen>();
  let warnings = new Map<string, string[]>();
  const tensor = (model: string, name: string) => tensorIn(models.get(model) ?? new Map(), name);

  beforeAll(async () => {
    writeModels(folder, {
      extended: { vocabulary: 328, tune: 1, tokenizer: { added: tools } },
      plain: { tune: 2 },
      padded: { vocabulary: 384, tokenizer: { added: ['<ten>', '<more>', ...tools] } },
      'padded-tuned': { vocabulary: 384, tune: 3, tokenizer: { added: ['<ten>', '<more>', ...tools] } },
      beyond: { tokenizer: { added: ['<a>', '<b>'] } },
    });
    const runs = await mergeAll(folder, recipes);
    warnings = new Map([...runs].map(([name, run]) => [name, faultsOf(run).map(({ code }) => code)]));
    const names = Object.keys(recipes);
    models = new Map(['extended', 'plain', 'padded', ...names].map((name) => [name, readTensors(out(name))]));
    seen = new Map(python<Seen[]>('look.py', names.map(out)).map((one, index) => [names[index] ?? '', one]));
  });

  test.each(Object.keys(recipes))('%s loads, and no token is beyond the matrix', (name) => {
    const { rows, tokens, greatest_id: greatest, ...rest } = seen.get(name) ?? {};
    expect(rest).toMatchObject({ problems: [], finite: true, round_trip: true, vocab_size: rows, head_rows: rows });
    expect(greatest).toBeLessThan(Number(rows));
    expect(tokens).toBe(Number(greatest) + 1);
    expect(jsonOf(out(name), 'config.json').vocab_size).toBe(rows);
  });

  describe.each(['linear', 'slerp', 'ties'] as const)('%s of 328 and 320 rows without a tokenizer named', (name) => {
    test('has 328, and encodes the added tokens', () => {
      expect(seen.get(name)).toMatchObject({ rows: 328, tokens: 328, tools: [323, 327] });
      for (const matrix of vocabularyTensors) expect(tensor(name, matrix).shape).toEqual([328, 32]);
    });

    test('takes the added ones from the model that has them, and merges the others', () => {
      for (const matrix of vocabularyTensors) {
        const [merged, extended, plain] = [name, 'extended', 'plain'].map((model) => tensor(model, matrix));
        if (merged === undefined || extended === undefined || plain === undefined) throw new Error('no matrix');
        const aligned = Float64Array.from([...plain.values, ...rowsOf(extended, 320)]);
        const [first, second] = sharesOf[name](extended.values, aligned);
        const expected = extended.values.map((value, index) => first * value + second * (aligned[index] ?? Number.NaN));
        expect(elementsOff(merged, expected)).toBe(0);
      }
    });
  });

  test('padded rows stay, and are those of the base', () => {
    expect(seen.get('kept-padding')).toMatchObject({ rows: 384, tokens: 330 });
    for (const matrix of vocabularyTensors) {
      const [merged, base] = [tensor('kept-padding', matrix), tensor('padded', matrix)];
      expect(rowsOf(merged, 330)).toEqual(rowsOf(base, 330));
    }
  });

  test('tokens that have no row are left out with a warning', () => {
    expect(warnings.get('left-out')).toContain('token-without-row');
    expect(seen.get('left-out')).toMatchObject({ rows: 320, tokens: 320 });
  });

  test('or get rows where their model is named', () => {
    expect(seen.get('grown')).toMatchObject({ rows: 322, tokens: 322 });
    expect(rowsOf(tensor('grown', embedding), 320).every((value) => value === 0)).toBe(true);
  });
});
