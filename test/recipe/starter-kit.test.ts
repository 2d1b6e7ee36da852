import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });

const config = (lambdas: string, rest = '') => `list_models:
  - ["one", null]
  - ["two", "abc"]
base_model_name: "base"
base_model_revision_id: null
max_seq_len: 1024
max_gen_len: 64
architecture: "decoder"
parameter_lambdas: ${lambdas}
${rest}`;

describe('a config of the starter kit', () => {
  test.each([
    ['avg_llama.yaml', 'linear', { normalize: false }, [{ weight: 0.8 }, { weight: 0.2 }]],
    ['ta_llama.yaml', 'task_arithmetic', { lambda: 1 }, [{ weight: 0.8 }, { weight: 0.2 }]],
    ['dare_ties_flan_t5.yaml', 'dare_ties', { normalize: false }, [{ weight: 0.8 }, { weight: 0.2 }]],
    ['dare_llama2.yaml', 'dare_linear', { normalize: false }, [{ weight: 0.8 }, { weight: 0.2 }]],
    ['ms_llama2.yaml', 'model_stock', { filter_wise: false }, [{}, {}]],
  ])('%s merges by %s', async (name, method, shared, perInput) => {
    const { plan, faults } = await planText(folder, config('[0.8, 0.2]'), { name });
    expect(faults).toEqual([]);
    expect(plan?.operations).toMatchObject([{ method, shared, perInput }]);
  });

  test('interpolates between its two models by the first lambda', async () => {
    const { plan } = await planText(folder, config('[0.3, 0.7]'), { name: 'slerp_llama2.yaml' });
    expect(plan?.operations).toMatchObject([{ method: 'slerp', shared: { t: 0.3 }, perInput: [{}] }]);
    expect(plan?.models.map(({ reference, role }) => [reference, role])).toEqual([
      ['one', 'base'],
      ['two', 'input'],
    ]);
  });

  test('takes the method from the file when its name does not tell', async () => {
    const { plan } = await planText(folder, config('[1, 1]', 'merge_method: ties\nparameters: { density: 0.2 }\n'), {
      name: 'mine.yaml',
    });
    expect(plan?.operations).toMatchObject([
      {
        method: 'ties',
        perInput: [
          { weight: 1, density: 0.2 },
          { weight: 1, density: 0.2 },
        ],
      },
    ]);
  });

  test.each([
    ['mine.yaml', config('[1, 1]'), ['unknown-method@1:1 list_models']],
    ['ties_x.yaml', config('[1]'), ['wrong-count@9:20 [1]']],
    ['ties_x.yaml', config('[1, one]'), ['invalid-value@9:24 one']],
    ['ties_x.yaml', config('[1, 1]', 'max_sequence_len: 3\n'), ['unknown-key@10:1 max_sequence_len']],
  ])('%s: faults have places', async (name, text, expected) => {
    expect((await planText(folder, text, { name })).faults.map(pointing)).toEqual(expected);
  });

  test('applies adapters that it lists to its base', async () => {
    const tensors: TestTensors = {
      'base_model.model.model.layers.1.mlp.up_proj.lora_A.weight': { dtype: 'F32', shape: [2, 4] },
      'base_model.model.model.layers.1.mlp.up_proj.lora_B.weight': { dtype: 'F32', shape: [8, 2] },
    };
    const adapter = join(folder, 'adapter');
    writeCheckpoint(adapter, {
      tensors,
      config: null,
      files: { 'adapter_config.json': JSON.stringify({ peft_type: 'LORA', r: 2, lora_alpha: 8 }) },
    });
    const { renameSync } = await import('node:fs');
    renameSync(join(adapter, 'model.safetensors'), join(adapter, 'adapter_model.safetensors'));
    const { plan, faults } = await planText(folder, config('[1, 1]').replace('"one"', '"adapter"'), {
      name: 'ta_llama.yaml',
    });
    expect(faults).toEqual([]);
    const touched = plan?.steps.flatMap(({ tensor, inputs }) =>
      inputs[0]?.lora ? [[tensor, inputs[0].lora.scale]] : [],
    );
    expect(touched).toEqual([['model.layers.1.mlp.up_proj.weight', 4]]);
    expect(plan?.models[1]).toMatchObject({ path: join(folder, 'base'), adapter });
  });
});
