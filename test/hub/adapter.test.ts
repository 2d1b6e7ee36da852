import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { openAdapter } from '../../src/hub/adapter.js';
import { localFiles } from '../../src/hub/model-files.js';
import { openModel } from '../../src/hub/open-model.js';
import { parseReference } from '../../src/hub/reference.js';
import { type TestTensors, writeCheckpoint, writeSafetensors } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { torchBytes } from './pickle/read-bytes.js';
import { failureOf } from './rejection.js';

const folder = temporaryFolder();

const factors = (module: string, rank = 2): TestTensors => ({
  [`base_model.model.${module}.lora_A.weight`]: { dtype: 'F32', shape: [rank, 6] },
  [`base_model.model.${module}.lora_B.weight`]: { dtype: 'F32', shape: [4, rank] },
});

const open = (config: object, tensors: TestTensors = factors('layers.0.q_proj')) => {
  writeFileSync(join(folder, 'adapter_config.json'), JSON.stringify({ peft_type: 'LORA', lora_alpha: 8, ...config }));
  writeSafetensors(join(folder, 'adapter_model.safetensors'), tensors);
  return openAdapter(localFiles(folder));
};
const scale = async (config: object, rank = 2) =>
  (await open(config, factors('layers.0.q_proj', rank))).updates.get('layers.0.q_proj.weight')?.scale;

describe('an adapter', () => {
  test('gives one update per weight of the base', async () => {
    const { updates, file } = await open({}, { ...factors('layers.0.q_proj'), ...factors('layers.1.q_proj', 3) });
    expect(file.path).toBe(join(folder, 'adapter_model.safetensors'));
    expect([...updates].map(([name, { a, b }]) => [name, a.shape, b.shape])).toEqual([
      ['layers.0.q_proj.weight', [2, 6], [4, 2]],
      ['layers.1.q_proj.weight', [3, 6], [4, 3]],
    ]);
  });

  test('may name its factors by the adapter called default, and be transposed', async () => {
    const { updates } = await open(
      { fan_in_fan_out: true },
      {
        'x.lora_A.default.weight': { dtype: 'F16', shape: [1, 2] },
        'x.lora_B.default.weight': { dtype: 'F16', shape: [3, 1] },
      },
    );
    expect(updates.get('x.weight')).toMatchObject({ transposed: true, scale: 8 });
  });

  test('updates an embedding the other way round', async () => {
    const { updates } = await open(
      {},
      {
        'base_model.model.embed.lora_embedding_A': { dtype: 'F32', shape: [2, 9] },
        'base_model.model.embed.lora_embedding_B': { dtype: 'F32', shape: [5, 2] },
      },
    );
    expect(updates.get('embed.weight')).toMatchObject({ transposed: true, scale: 4, a: { shape: [2, 9] } });
  });

  test.each(['lora_magnitude_vector', 'lora_magnitude_vector.weight', 'lora_magnitude_vector.default.weight'])(
    'has the norms of DoRA as %s',
    async (name) => {
      const { updates } = await open(
        { use_dora: true },
        { ...factors('x'), [`base_model.model.x.${name}`]: { dtype: 'F32', shape: [4] } },
      );
      expect(updates.get('x.weight')?.magnitude).toMatchObject({ shape: [4] });
    },
  );

  test('replaces whole tensors, under each name that peft has for them', async () => {
    const entry = { dtype: 'F32', shape: [3] } as const;
    const { updates, replacements } = await open(
      { modules_to_save: ['score', 'classifier'] },
      {
        ...factors('x'),
        'base_model.model.score.weight': entry,
        'base_model.model.score.bias': entry,
        'base_model.model.norm.modules_to_save.weight': entry,
        'base_model.model.head.modules_to_save.default.weight': entry,
        'base_model.model.embed.base_layer.weight': entry,
      },
    );
    expect([...updates.keys()]).toEqual(['x.weight']);
    expect([...replacements.keys()].sort()).toEqual([
      'embed.weight',
      'head.weight',
      'norm.weight',
      'score.bias',
      'score.weight',
    ]);
  });

  test('may be a PyTorch file', async () => {
    await open({});
    rmSync(join(folder, 'adapter_model.safetensors'));
    const torch = torchBytes({
      'base_model.model.x.lora_A.weight': [2, 6],
      'base_model.model.x.lora_B.weight': [4, 2],
    });
    writeFileSync(join(folder, 'adapter_model.bin'), torch);
    const { updates, file } = await openAdapter(localFiles(folder));
    expect(file.path).toBe(join(folder, 'adapter_model.bin'));
    expect(updates.get('x.weight')).toMatchObject({ a: { shape: [2, 6] }, b: { shape: [4, 2] } });
    rmSync(join(folder, 'adapter_model.bin'));
  });

  test('scales by alpha over rank, or over its root for rsLoRA', async () => {
    expect(await scale({})).toBe(4);
    expect(await scale({ lora_alpha: 3 }, 4)).toBe(0.75);
    expect(await scale({ use_rslora: true }, 4)).toBe(4);
  });

  test.each([
    ['the whole name', { 'layers.0.q_proj': 2 }, 1],
    ['its end', { q_proj: 2 }, 1],
    ['a regular expression', { 'layers\\.[0-3]\\..*': 2 }, 1],
    ['not another module', { v_proj: 2 }, 4],
    ['not the end of a word', { proj: 2 }, 4],
    ['by the first of several', { q_proj: 2, 'layers.0.q_proj': 6 }, 1],
  ])('takes alpha from a pattern that matches %s', async (_, alpha_pattern, expected) => {
    expect(await scale({ alpha_pattern })).toBe(expected);
  });
});

describe('it is refused by name', () => {
  test.each<[string, object, RegExp]>([
    ['another kind', { peft_type: 'IA3' }, /"IA3"/],
    ['whole modules that are not there', { modules_to_save: ['lm_head', 'embed_tokens'] }, /lm_head, embed_tokens/],
    ['DoRA without magnitudes', { use_dora: true }, /lacks a magnitude of layers\.0\.q_proj/],
    ['biases', { bias: 'all' }, /biases/],
    ['biases of B', { lora_bias: true }, /biases/],
    ['repeated layers', { layer_replication: [[0, 2]] }, /repeats layers/],
    ['single tokens', { trainable_token_indices: { embed_tokens: [1] } }, /single tokens/],
    ['parameters of experts', { target_parameters: ['experts.down_proj'] }, /parameters/],
    ['QALoRA', { use_qalora: true }, /QALoRA/],
    ['block-diagonal factors', { use_bdlora: {} }, /block-diagonal/],
    ['activation by tokens', { alora_invocation_tokens: [1, 2] }, /activated/],
    ['a router', { arrow_config: {} }, /other adapters/],
    ['sampled factors', { monteclora_config: {} }, /MonteCLoRA/],
    ['a base that was cut', { kasa_config: {} }, /KaSA/],
    ['LoRA-GA', { init_lora_weights: 'lora_ga' }, /lora_ga/],
    ['PiSSA', { init_lora_weights: 'pissa_niter_4' }, /pissa_niter_4/],
    ['no alpha', { lora_alpha: null }, /lora_alpha/],
    ['alpha as text', { lora_alpha: '8' }, /lora_alpha/],
    ['a pattern that is no expression', { alpha_pattern: { '(': 1 } }, /pattern \(/],
    ['a pattern that could take for ever', { alpha_pattern: { '(a+)+$': 1 } }, /pattern \(a\+\)\+/],
  ])('for %s', async (_, config, reason) => {
    const { code, message, exitCode } = await failureOf(() => open(config));
    expect([code, exitCode]).toEqual(['unsupported-adapter', exitCodes.incompatible]);
    expect(message).toMatch(reason);
  });

  test.each<[string, TestTensors, RegExp]>([
    ['an A without B', { 'x.lora_A.weight': { dtype: 'F32', shape: [1, 2] } }, /do not fit/],
    ['a B without A', { ...factors('y'), 'x.lora_B.weight': { dtype: 'F32', shape: [1, 2] } }, /do not fit/],
    [
      'ranks that differ',
      { 'x.lora_A.weight': { dtype: 'F32', shape: [1, 2] }, 'x.lora_B.weight': { dtype: 'F32', shape: [3, 2] } },
      /do not fit/,
    ],
    [
      'rank nought',
      { 'x.lora_A.weight': { dtype: 'F32', shape: [0, 2] }, 'x.lora_B.weight': { dtype: 'F32', shape: [3, 0] } },
      /do not fit/,
    ],
    [
      'a convolution',
      {
        'x.lora_A.weight': { dtype: 'F32', shape: [1, 2, 3, 3] },
        'x.lora_B.weight': { dtype: 'F32', shape: [3, 1, 1, 1] },
      },
      /do not fit/,
    ],
    ['half an embedding', { 'x.lora_embedding_A': { dtype: 'F32', shape: [1, 2] } }, /do not fit/],
    [
      'a factor of an embedding beside one of a linear layer',
      { 'x.lora_embedding_A': { dtype: 'F32', shape: [1, 2] }, 'x.lora_B.weight': { dtype: 'F32', shape: [3, 1] } },
      /do not fit/,
    ],
    [
      'magnitudes without DoRA',
      { ...factors('x'), 'x.lora_magnitude_vector': { dtype: 'F32', shape: [4] } },
      /has a mag/,
    ],
    ['magnitudes alone', { 'x.lora_magnitude_vector': { dtype: 'F32', shape: [4] } }, /do not fit/],
    [
      'magnitudes of a width',
      { ...factors('x'), 'x.lora_magnitude_vector': { dtype: 'F32', shape: [6] } },
      /do not fit/,
    ],
    ['a part of another kind', { ...factors('x'), 'x.lora_diag': { dtype: 'F32', shape: [2] } }, /lora_diag/],
    ['token updates', { 'x.token_adapter.trainable_tokens_delta': { dtype: 'F32', shape: [2] } }, /token_adapter/],
    [
      'one tensor under two names',
      { 'x.modules_to_save.weight': { dtype: 'F32', shape: [2] }, 'x.weight': { dtype: 'F32', shape: [2] } },
      /x\.weight twice/,
    ],
    [
      'two updates of one weight',
      {
        ...factors('x'),
        'x.lora_A.weight': { dtype: 'F32', shape: [1, 2] },
        'x.lora_B.weight': { dtype: 'F32', shape: [3, 1] },
      },
      /two updates/,
    ],
  ])('for %s', async (_, tensors, reason) => {
    const { code, message } = await failureOf(() => open({}, tensors));
    expect(code).toBe('unsupported-adapter');
    expect(message).toMatch(reason);
  });
});

describe('over its base', () => {
  const base = temporaryFolder();
  writeCheckpoint(base, {
    tensors: {
      'x.weight': { dtype: 'BF16', shape: [4, 6] },
      'y.weight': { dtype: 'BF16', shape: [6, 4] },
      'z.weight': { dtype: 'BF16', shape: [7, 7] },
    },
    config: { tie_word_embeddings: true },
  });
  const over = async (config: object, tensors: TestTensors) => {
    await open(config, tensors);
    const reference = parseReference(`${base}+${folder}`, ['/']);
    return openModel(reference, null, () => Promise.reject(new Error('a test asked for a repository')));
  };

  test.each([true, false])(
    'each update is the way round that its weight is, whatever the config says',
    async (flag) => {
      const { adapter } = await over({ fan_in_fan_out: flag }, { ...factors('x'), ...factors('y') });
      expect([...(adapter?.updates ?? [])].map(([name, { transposed }]) => [name, transposed])).toEqual([
        ['x.weight', false],
        ['y.weight', true],
      ]);
    },
  );

  test('tensors are replaced in the model, and a head that was tied is added', async () => {
    const { checkpoint } = await over(
      { modules_to_save: ['z', 'lm_head'] },
      {
        ...factors('x'),
        'base_model.model.z.weight': { dtype: 'F32', shape: [8, 7] },
        'base_model.model.lm_head.weight': { dtype: 'F32', shape: [8, 7] },
      },
    );
    expect(checkpoint.files.map(({ path }) => path)).toEqual([
      join(base, 'model.safetensors'),
      join(folder, 'adapter_model.safetensors'),
    ]);
    expect([...checkpoint.tensors].map(([name, { file, shape }]) => [name, file, shape])).toEqual([
      ['x.weight', 0, [4, 6]],
      ['y.weight', 0, [6, 4]],
      ['z.weight', 1, [8, 7]],
      ['lm_head.weight', 1, [8, 7]],
    ]);
  });

  test('a tensor that the model does not have is not replaced', async () => {
    const { code, message } = await failureOf(() =>
      over({}, { ...factors('x'), 'base_model.model.score.weight': { dtype: 'F32', shape: [2, 6] } }),
    );
    expect([code, message]).toEqual(['unsupported-adapter', expect.stringContaining('replaces score.weight')]);
  });
});

describe('a folder is no adapter', () => {
  test('without weights', async () => {
    await open({});
    rmSync(join(folder, 'adapter_model.safetensors'));
    expect((await failureOf(() => openAdapter(localFiles(folder)))).message).toContain(
      'lacks adapter_model.safetensors',
    );
  });

  test('without a config', async () => {
    await open({});
    rmSync(join(folder, 'adapter_config.json'));
    const { message, exitCode } = await failureOf(() => openAdapter(localFiles(folder)));
    expect(message).toContain('lacks adapter_config.json');
    expect(exitCode).toBe(exitCodes.notFound);
  });
});
