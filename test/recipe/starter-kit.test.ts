import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { readRecipe } from '../../src/recipe/read-recipe.js';
import { methodByName } from '../../src/recipe/starter-kit-method.js';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText, pointing } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { writeTinyLlamas } from '../helpers/tiny-llama.js';

const folder = temporaryFolder();
writeTinyLlamas(folder, { base: {}, one: {}, two: {} });

/** Reads a config without looking at a model. */
const readText = (name: string, text: string) => {
  writeFileSync(join(folder, name), text);
  return readRecipe(name, { cwd: folder });
};

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

  test.each([
    ['llama_avg', 'linear'],
    ['llama2_SLERP_V1', 'slerp'],
    ['my-dare-ties', 'dare_linear'],
    ['my_dare_ties_2', 'dare_ties'],
    ['tastier', undefined],
    ['pirates_data', undefined],
  ])('%s tells %s', (name, method) => {
    expect([methodByName(name), methodByName(`some/ties_folder/${name}.yaml`)]).toEqual([method, method]);
  });

  test('takes the method from a registered name before that of its file, and after its own key', async () => {
    const read = (text: string, registered: string) =>
      planText(folder, text, { name: 'llama2_SLERP_V1.yaml', registered });
    expect((await read(config('[0.5, 0.5]'), 'ties_llama2')).recipe?.method).toBe('ties');
    expect((await read(config('[0.5, 0.5]'), 'mine')).recipe?.method).toBe('slerp');
    expect((await read(config('[1, 1]', 'merge_method: linear\n'), 'ties_llama2')).recipe?.method).toBe('linear');
  });

  test('says what is done with adapters and how to evaluate', () => {
    const rest =
      'adapter_mode: core\nadapter_output: adapter\nadapter_rank: 8\nadapter_padding: front\ntasks: [a, b.yaml]\n';
    const { recipe, faults } = readText('ta_x.yaml', config('[1, 1]', `${rest}is_peft: true\n`));
    expect(faults).toEqual([]);
    expect(recipe?.adapters).toEqual({ mode: 'core', output: 'adapter', rank: 8, padding: 'front' });
    expect(recipe?.kit).toEqual({
      architecture: 'decoder',
      isPeft: true,
      maxSequenceLength: 1024,
      maxGenerationLength: 64,
      tasks: ['a', 'b.yaml'],
    });
    const bare = readText('ta_x.yaml', 'list_models: [[one]]\nbase_model_name: base\nmax_seq_len: null\n').recipe;
    expect(bare?.adapters).toEqual({ mode: 'delta', output: 'merged', rank: null, padding: 'back' });
    expect(bare?.kit).toMatchObject({ architecture: null, isPeft: null, maxSequenceLength: null, tasks: [] });
  });

  test('brings factors to length one with SLERP, as the kit does, and warns unless it is asked for', () => {
    const norm = (rest: string) => {
      const { recipe, faults } = readText('slerp_x.yaml', config('[0.5, 0.5]', rest));
      return [recipe?.parameters.norm?.entries[0]?.value, faults.map(pointing)];
    };
    expect(norm('adapter_mode: factor\n')).toEqual(['unit', ['lengths-lost@10:15 factor']]);
    expect(norm('adapter_mode: factor\nparameters: { norm: unit }\n')).toEqual(['unit', []]);
    expect(norm('adapter_mode: factor\nparameters: { norm: preserve }\n')).toEqual(['preserve', []]);
    expect(norm('adapter_mode: delta\n')).toEqual([undefined, []]);
  });

  test('interpolates between its two models by the first lambda', async () => {
    const { plan } = await planText(folder, config('[0.3, 0.7]'), { name: 'slerp_llama2.yaml' });
    expect(plan?.operations).toMatchObject([{ method: 'slerp', shared: { t: 0.3 }, perInput: [{}] }]);
    expect(plan?.models.map(({ reference, role }) => [reference, role])).toEqual([
      ['one', 'input'],
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
    ['ties_x.yaml', config('[1, 1]', 'adapter_mode: factors\n'), ['invalid-value@10:15 factors']],
    ['ties_x.yaml', config('[1, 1]', 'adapter_rank: 0\n'), ['invalid-value@10:15 0']],
    ['ties_x.yaml', config('[1, 1]', 'adapter_padding: left\n'), ['invalid-value@10:18 left']],
    ['ties_x.yaml', config('[1, 1]', 'adapter_outputs: adapter\n'), ['unknown-key@10:1 adapter_outputs']],
    ['ties_x.yaml', config('[1, 1]', 'tasks: arithmetic\n'), ['invalid-value@10:8 arithmetic']],
    ['ties_x.yaml', config('[1, 1]', 'is_peft: perhaps\n'), ['invalid-value@10:10 perhaps']],
    ['ties_x.yaml', config('[1, 1]').replace('1024', '0'), ['invalid-value@6:14 0']],
    ['ties_x.yaml', config('[1, 1]').replace('"decoder"', 'encoder-decoder'), ['invalid-value@8:15 encoder-decoder']],
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
