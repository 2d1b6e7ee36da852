import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { exitCodes } from '../../src/errors.js';
import { exitCodeOf } from '../../src/fault.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });

const encoderDecoder: TestTensors = {
  'shared.weight': { dtype: 'F32', shape: [6, 4] },
  'encoder.block.0.layer.0.SelfAttention.q.weight': { dtype: 'F32', shape: [4, 4] },
  'decoder.block.0.layer.0.SelfAttention.q.weight': { dtype: 'F32', shape: [4, 4] },
};
const t5 = { architectures: ['T5ForConditionalGeneration'], model_type: 't5' };
for (const name of ['t5', 't5-one', 't5-two']) {
  writeCheckpoint(join(folder, name), { tensors: encoderDecoder, config: { ...t5, is_encoder_decoder: true } });
}
for (const name of ['silent', 'silent-one'])
  writeCheckpoint(join(folder, name), { tensors: encoderDecoder, config: t5 });

for (const name of ['adapter', 'other-adapter']) {
  const path = writeCheckpoint(join(folder, name), {
    tensors: {
      'base_model.model.model.layers.1.mlp.up_proj.lora_A.weight': { dtype: 'F32', shape: [2, 4] },
      'base_model.model.model.layers.1.mlp.up_proj.lora_B.weight': { dtype: 'F32', shape: [8, 2] },
    },
    config: null,
    files: { 'adapter_config.json': JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 4 }) },
  });
  renameSync(join(path, 'model.safetensors'), join(path, 'adapter_model.safetensors'));
}

const faultsOf = async (models: readonly string[], base: string, rest: string) => {
  const list = models.map((name) => `  - [${name}]`).join('\n');
  const text = `list_models:\n${list}\nbase_model_name: ${base}\n${rest}\n`;
  return (await planText(folder, text, { name: 'ta_mine.yaml' })).faults;
};

describe('`architecture`', () => {
  test.each([
    ['decoder', ['one', 'two'], 'base'],
    ['decoder', ['adapter', 'other-adapter'], 'base'],
    ['encoder_decoder', ['t5-one', 't5-two'], 't5'],
    ['encoder_decoder', ['silent-one'], 'silent'],
  ])('%s is right for %j', async (architecture, models, base) => {
    expect(await faultsOf(models, base, `architecture: ${architecture}`)).toEqual([]);
  });

  test.each([
    ['encoder_decoder', ['one', 'two'], 'base', /one is of the kind decoder/],
    ['encoder_decoder', ['adapter', 'other-adapter'], 'base', /base is of the kind decoder/],
    ['decoder', ['t5-one', 't5-two'], 't5', /t5-one is of the kind encoder_decoder/],
    ['decoder', ['silent-one'], 'silent', /silent-one is of the kind encoder_decoder/],
  ])('%s is wrong for %j', async (architecture, models, base, message) => {
    const faults = await faultsOf(models, base, `architecture: ${architecture}`);
    expect(faults.map(pointing)).toEqual([`wrong-architecture@${models.length + 3}:15 ${architecture}`]);
    expect(faults[0]?.message).toMatch(message);
    expect(exitCodeOf(faults)).toBe(exitCodes.incompatible);
  });
});

describe('`is_peft`', () => {
  test.each([
    ['true', ['adapter', 'other-adapter'], []],
    ['false', ['one', 'two'], []],
    ['null', ['adapter', 'one'], []],
    ['true', ['adapter', 'one'], ['wrong-is-peft@3:6 one']],
    ['false', ['adapter', 'one'], ['wrong-is-peft@2:6 adapter']],
  ])('%s for %j', async (isPeft, models, expected) => {
    expect((await faultsOf(models, 'base', `is_peft: ${isPeft}`)).map(pointing)).toEqual(expected);
  });
});
