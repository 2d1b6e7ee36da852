import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { openAdapter } from '../../src/hub/adapter.js';
import { localFiles } from '../../src/hub/model-files.js';
import { type TestTensors, writeSafetensors } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
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
    ['DoRA', { use_dora: true }, /DoRA/],
    ['whole modules', { modules_to_save: ['lm_head', 'embed_tokens'] }, /lm_head, embed_tokens/],
    ['biases', { bias: 'all' }, /biases/],
    ['biases of B', { lora_bias: true }, /biases/],
    ['repeated layers', { layer_replication: [[0, 2]] }, /repeats layers/],
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
    ['a B without A', { ...factors('y'), 'x.lora_B.weight': { dtype: 'F32', shape: [1, 2] } }, /without its A/],
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
    ['an embedding', { 'x.lora_embedding_A': { dtype: 'F32', shape: [1, 2] } }, /lora_embedding_A/],
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

describe('a folder is no adapter', () => {
  test('without weights, or with a pickle for them', async () => {
    await open({});
    rmSync(join(folder, 'adapter_model.safetensors'));
    expect((await failureOf(() => openAdapter(localFiles(folder)))).message).toContain(
      'lacks adapter_model.safetensors',
    );
    writeFileSync(join(folder, 'adapter_model.bin'), '');
    expect((await failureOf(() => openAdapter(localFiles(folder)))).message).toContain('adapter_model.bin is not read');
  });

  test('without a config', async () => {
    await open({});
    rmSync(join(folder, 'adapter_config.json'));
    const { message, exitCode } = await failureOf(() => openAdapter(localFiles(folder)));
    expect(message).toContain('lacks adapter_config.json');
    expect(exitCode).toBe(exitCodes.notFound);
  });
});
