import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { openCheckpoint } from '../../src/hub/checkpoint.js';
import { localFiles } from '../../src/hub/model-files.js';
import type { Dtype } from '../../src/protocol/plan.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { failureOf } from './rejection.js';

const root = temporaryFolder();
let count = 0;

const open = (tensors: TestTensors, config: object = {}) => {
  count += 1;
  const folder = writeCheckpoint(join(root, String(count)), { tensors, config: { ...config } });
  return openCheckpoint(localFiles(folder));
};

const tensor = (dtype: Dtype, ...shape: number[]) => ({ dtype, shape });
const plain = { 'l.weight': tensor('BF16', 4, 4) };

describe('a model is quantised', () => {
  test.each<[string, RegExp, object]>([
    ['a method with bits', /\(gptq, 4 bits\)/, { quantization_config: { quant_method: 'gptq', bits: 4 } }],
    [
      'bitsandbytes',
      /\(bitsandbytes, 4 bits\)/,
      { quantization_config: { quant_method: 'bitsandbytes', load_in_4bit: true } },
    ],
    ['no settings', /`quantization_config`/, { quantization_config: 'int8' }],
    ['the text part of a model', /\(fp8\)/, { text_config: { quantization_config: { quant_method: 'fp8' } } }],
    ['the older name', /\(sparseml\)/, { compression_config: { quant_method: 'sparseml' } }],
  ])('by a config with %s', async (_, reason, config) => {
    const { code, message, hint, exitCode } = await failureOf(() => open(plain, config));
    expect([code, exitCode]).toEqual(['quantised', exitCodes.incompatible]);
    expect(message).toMatch(reason);
    expect(hint).toContain('remove `quantization_config`');
  });

  test.each<[string, RegExp, TestTensors]>([
    ['bitsandbytes', /bitsandbytes, 4 bits: it holds `l\.weight\.absmax`/, { 'l.weight.absmax': tensor('U8', 1) }],
    ['bitsandbytes', /bitsandbytes, 4 bits/, { 'l.weight.nested_quant_map': tensor('F32', 256) }],
    ['bitsandbytes', /bitsandbytes, 4 bits/, { 'l.weight.quant_state.bitsandbytes__nf4': tensor('U8', 90) }],
    [
      'bitsandbytes without its scales',
      /bitsandbytes, 4 bits: it holds `l\.weight`/,
      { 'l.weight': tensor('U8', 8, 1) },
    ],
    ['bitsandbytes in 8 bits', /bitsandbytes, 8 bits/, { 'l.weight': tensor('I8', 4, 4), 'l.SCB': tensor('F32', 4) }],
    ['GPTQ', /GPTQ or AWQ: it holds `l\.qweight`/, { 'l.qweight': tensor('I32', 1, 4) }],
    ['AWQ', /GPTQ or AWQ/, { 'l.qzeros': tensor('I32', 1, 4) }],
    ['compressed-tensors', /compressed-tensors/, { 'l.weight_packed': tensor('I32', 4, 1) }],
    [
      'FP8 in blocks',
      /FP8 in blocks/,
      { 'l.weight': tensor('F8_E4M3', 4, 4), 'l.weight_scale_inv': tensor('F32', 1, 1) },
    ],
    ['FP8 experts', /FP8 in blocks/, { 'experts.gate_up_proj_scale_inv': tensor('F32', 1, 1) }],
    ['FP8 experts with scales', /scaled FP8/, { 'e.up': tensor('F8_E4M3', 2, 4, 4), 'e.up_scale': tensor('F32', 2) }],
    ['FP8 with a scale by module', /scaled FP8/, { 'l.weight': tensor('F8_E5M2', 4, 4), 'l.scale': tensor('F32', 1) }],
    ['FP8 with one scale', /scaled FP8/, { 'l.weight': tensor('F8_E4M3', 4, 4), 'l.weight_scale': tensor('F32', 1) }],
    ['8-bit integers', /scaled 8-bit/, { 'l.weight': tensor('I8', 4, 4), 'l.weight_scale': tensor('F32', 4, 1) }],
    ['MXFP4', /MXFP4/, { down_proj_blocks: tensor('U8', 2, 4), down_proj_scales: tensor('U8', 2) }],
    ['HQQ', /HQQ/, { 'l.W_q': tensor('U8', 4, 4) }],
    ['AQLM', /AQLM/, { 'l.codebooks': tensor('F16', 4, 4) }],
  ])('by tensors of %s, without a word in the config', async (_, reason, tensors) => {
    const { code, message, hint, exitCode } = await failureOf(() =>
      open({ ...tensors, 'n.weight': tensor('BF16', 2) }),
    );
    expect([code, exitCode]).toEqual(['quantised', exitCodes.incompatible]);
    expect(message).toMatch(reason);
    expect(message).toContain(join(root, String(count)));
    expect(message.split('\n')).toHaveLength(1);
    expect(hint).toContain('quantised from');
  });
});

describe('a model is not quantised', () => {
  test.each<[string, TestTensors]>([
    ['FP8 is only the type of its numbers', { 'l.weight': tensor('F8_E4M3', 4, 4), 'n.weight': tensor('F8_E5M2', 4) }],
    ['a norm is called a scale', { 'l.weight': tensor('BF16', 4, 4), 'l.weight_scale': tensor('BF16', 4) }],
    ['a mask is of bytes', { 'attn.bias': tensor('U8', 1, 1, 4, 4), 'attn.weight': tensor('F32', 4, 4) }],
    ['a layer is called block', { 'l_blocks.weight': tensor('F32', 2), l_blocks: tensor('F32', 2) }],
  ])('where %s', async (_, tensors) => {
    expect((await open(tensors)).tensors.size).toBe(2);
  });
});
