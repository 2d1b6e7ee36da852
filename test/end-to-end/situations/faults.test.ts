import { beforeAll, describe, expect, test } from 'vitest';
import { runCli } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { hidden, writeModels } from './fixtures.js';
import { faultsOf, mergeTo, planOf, writeRecipe } from './run.js';
import { otherWords } from './tokenizer.js';

const folder = temporaryFolder();

/** Packed weights as bitsandbytes stores them in 4 bits: two numbers a byte, and the scales beside them. */
const packed = (name: string, numbers: number) => ({
  [name]: { dtype: 'U8', shape: [numbers / 2, 1] } as const,
  [`${name}.absmax`]: { dtype: 'F32', shape: [numbers / 64] } as const,
  [`${name}.quant_map`]: { dtype: 'F32', shape: [16] } as const,
  [`${name}.quant_state.bitsandbytes__nf4`]: { dtype: 'U8', shape: [80] } as const,
});

beforeAll(() => {
  writeModels(folder, {
    base: { sparse: true },
    one: { sparse: true },
    two: { sparse: true },
    wide: { sparse: true, ffn: 80 },
    deep: { sparse: true, layers: 6 },
    foreign: { sparse: true, ffn: 80, vocabulary: 384, tokenizer: { words: otherWords } },
    'my+model@v2': { sparse: true },
    packed: {
      sparse: true,
      more: Object.assign(
        {},
        ...[0, 1, 2, 3].map((layer) => packed(`model.layers.${layer}.self_attn.q_proj.weight`, hidden * hidden)),
      ),
      config: { quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true, bnb_4bit_quant_type: 'nf4' } },
    },
    // A terabyte and more of weights: whoever reads them does not finish.
    'vast-4': { sparse: true, ffn: 2 ** 31 },
    'vast-6': { sparse: true, ffn: 2 ** 31, layers: 6 },
  });
});

const mistakes = `merge_method: ties
base_model: base
dtype: bfloat  # unknown-dtype
tokenizer_sauce: base  # unknown-key
parameters:
  random_seed: 145  # unknown-parameter
models:
  - model: one  # parameter-missing
    density: 0.5  # misplaced-key
  - model: two
    parameters:
      weight: [{ filter: mpl, value: 1 }, { value: 0 }]  # filter-unmatched
      density: 1.5  # invalid-parameter
  - { model: nowhere, parameters: { weight: 1 } }  # model-not-found
  - { model: deep, parameters: { weight: 1 } }  # depth-mismatch
  - { model: wide, parameters: { weight: 1 } }  # shape-mismatch
`;

describe('ten different mistakes in one recipe', () => {
  const expected = mistakes.split('\n').flatMap((line, index) => {
    const [, code] = /# ([a-z-]+)$/.exec(line) ?? [];
    return code === undefined ? [] : [{ code, line: index + 1, source: line }];
  });

  test('come in one run, as data, within a second of its start, before Python is looked for', async () => {
    const finished = await mergeTo(folder, 'mistakes', mistakes, [], { env: { AMALGAM_PYTHON: '/no/such/python' } });
    expect([finished.code, finished.stderr]).toEqual([2, '']);
    expect(expected).toHaveLength(10);
    expect(faultsOf(finished)).toMatchObject(expected);
    const at = (type: string) => finished.events.find((event) => event.type === type)?.ts ?? Number.NaN;
    expect(at('faults') - at('run-started')).toBeLessThan(1000);
    expect(finished.events.at(-1)).toMatchObject({ type: 'run-failed', exitCode: 2 });
  });

  test('come for people with their lines, and without a traceback', async () => {
    const { code, stdout, stderr } = await runCli(['merge', writeRecipe(folder, 'people.yml', mistakes), 'out'], {
      cwd: folder,
    });
    expect(code).toBe(2);
    expect(stdout).not.toContain('error');
    for (const { line, source } of expected) {
      expect(stderr).toMatch(new RegExp(`people\\.yml:${line}:\\d+`));
      expect(stderr).toContain(source);
    }
    expect(stderr.match(/did you mean/g)?.length).toBeGreaterThanOrEqual(2);
    expect(stderr).not.toMatch(/Traceback|\n\s+at .*\.js:\d+|node:internal/);
  });
});

test('a late typo and another depth are told at once, without a byte of a terabyte of weights', async () => {
  const recipe =
    'merge_method: dare-ties\nbase_model: vast-4\nmodels:\n  - model: vast-6\n    parameters: { weight: 1 }\n';
  const { code, faults } = await planOf(folder, 'late', recipe);
  expect(code).toBe(2);
  expect(faults).toMatchObject([
    { code: 'unknown-method', line: 1, hint: 'did you mean `dare_ties`?' },
    { code: 'depth-mismatch', line: 4, message: expect.stringMatching(/vast-6 has 6 layers.*vast-4 has 4/) },
  ]);
});

describe('models of the same width with other MLPs and vocabularies', () => {
  const slerp =
    'merge_method: slerp\nbase_model: base\nmodels: [{ model: foreign }]\nparameters:\n  t:\n    - { filter: self_attn, value: [0, 0.5, 0.3, 0.7, 1] }\n    - { filter: mlp, value: [1, 0.5, 0.7, 0.3, 0] }\n    - value: 0.5\n';
  const ties = 'merge_method: ties\nbase_model: base\nmodels: [{ model: foreign, parameters: { weight: 1 } }]\n';

  test.each([
    ['slerp', slerp],
    ['ties', ties],
  ])('%s refuses, naming every tensor that does not fit', async (method, recipe) => {
    const { code, plan, faults } = await planOf(folder, `foreign-${method}`, recipe);
    expect([code, plan]).toEqual([6, null]);
    const said = faults.map(({ message }) => message).join('\n');
    for (const name of ['mlp.gate_proj', 'mlp.up_proj', 'mlp.down_proj']) expect(said).toContain(`layers.*.${name}`);
    expect(said).toMatch(/\b96 in base; 80 in foreign/);
    expect(said).toContain('12 tensors');
    expect(faults.map(({ code }) => code).sort()).toEqual(['shape-mismatch', 'vocabulary-mismatch']);
    expect(said).toMatch(/foreign \(384 rows\) and base \(320 rows\) mean different tokens/);
    expect(said).toMatch(/mean different tokens.*: 256 is `me` there and `fu` here/);
  });
});

test('a base in 4 bits is refused in one line that names bitsandbytes and the model', async () => {
  const recipe = 'merge_method: slerp\nbase_model: packed\nmodels: [{ model: base }]\nparameters: { t: 0.5 }\n';
  const { code, faults } = await planOf(folder, 'packed', recipe);
  expect(code).toBe(6);
  expect(faults).toMatchObject([
    { code: 'quantised', line: 2, message: expect.stringMatching(/^[^\n]*packed[^\n]*bitsandbytes[^\n]*$/) },
  ]);
});

test('an element type and a layer that do not exist are told together', async () => {
  const slice = (start: number, end: number) => `  - sources: [{ model: base, layer_range: [${start}, ${end}] }]\n`;
  const recipe = `merge_method: passthrough\ndtype: bfloat\nslices:\n${slice(0, 3)}${slice(1, 5)}`;
  const { code, faults } = await planOf(folder, 'stack', recipe);
  expect(code).toBe(2);
  expect(faults).toMatchObject([
    { code: 'unknown-dtype', line: 2, hint: 'did you mean `bfloat16`?' },
    { code: 'layer-out-of-range', line: 5 },
  ]);
});

test('a seed among the parameters is no seed', async () => {
  const recipe =
    'merge_method: breadcrumbs_ties\nbase_model: base\ntokenizer: { source: union }\nmodels: [{ model: one, parameters: { weight: [{ filter: mlp, value: 1 }, { value: 0.5 }] } }]\nparameters: { random_seed: 145 }\n';
  const { code, faults } = await planOf(folder, 'seed', recipe);
  expect(code).toBe(2);
  expect(faults).toMatchObject([
    {
      code: 'unknown-parameter',
      line: 5,
      message: expect.stringContaining('random_seed'),
      hint: expect.stringContaining('--seed'),
    },
  ]);
});

test('slerp from a base that is none of its two models is told', async () => {
  const recipe =
    'merge_method: slerp\nbase_model: base\nmodels: [{ model: one }, { model: two }]\nparameters: { t: 0.5 }\n';
  const { code, faults } = await planOf(folder, 'slerp', recipe);
  expect([code, faults]).toMatchObject([2, [{ code: 'wrong-count' }]]);
});

test('a model without the weight that the method needs is told by its name', async () => {
  const recipe =
    'merge_method: dare_ties\nbase_model: base\nmodels:\n  - { model: one, parameters: { weight: 1 } }\n  - model: two\n';
  const { code, faults } = await planOf(folder, 'weightless', recipe);
  expect([code, faults]).toMatchObject([
    2,
    [{ code: 'parameter-missing', line: 5, message: expect.stringMatching(/weight.* two/) }],
  ]);
});

test('a folder whose name looks like a revision and an adapter is that folder', async () => {
  const { code, plan } = await planOf(folder, 'odd', 'merge_method: passthrough\nmodels: [{ model: my+model@v2 }]\n');
  expect([code, plan?.models.map(({ path, adapter }) => [path, adapter])]).toEqual([
    0,
    [[expect.stringMatching(/my\+model@v2$/), null]],
  ]);
});
