import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findKitEntry } from '../../src/cli/kit-registry.js';
import { localFiles } from '../../src/hub/model-files.js';
import { planRecipe } from '../../src/run/plan-recipe.js';
import { temporaryFolder } from '../helpers/temporary.js';
import { tensorsOf, writeKitStandIns } from './kit-stand-ins.js';

const cwd = temporaryFolder();
const folder = temporaryFolder();
writeKitStandIns(folder);

const seventeen = [
  ...['avg', 'slerp', 'ta', 'ties', 'dare', 'dare_ties', 'ms'].flatMap((method) => [
    `${method}_flan_t5`,
    `${method}_llama2`,
  ]),
  ...['avg_llama', 'slerp_llama3', 'slerp_mistral'],
];
const examples = ['llama_avg', 'tiny_llama_avg', 'flant5_avg'];

/** Plans a name against the stand-ins and tells which repositories were asked for, at which revision. */
const planName = async (name: string) => {
  const asked: string[] = [];
  const entry = findKitEntry({ name, config: undefined }, cwd);
  const planned = await planRecipe(entry?.file ?? '', {
    cwd,
    registered: name,
    seed: 0,
    findRepository: async ({ repository, revision }) => {
      asked.push(`${repository}@${revision}`);
      return localFiles(join(folder, repository));
    },
  });
  return { ...planned, asked };
};

describe('the names of the kit', () => {
  test('are seventeen', () => {
    expect(new Set(seventeen).size).toBe(17);
  });

  test.each([...seventeen, ...examples])('%s plans on the shapes of its models', async (name) => {
    const { plan, faults } = await planName(name);
    expect(faults.filter(({ code }) => code !== 'lengths-lost')).toEqual([]);
    const written = plan?.shards.flatMap(({ header }) => Object.keys(JSON.parse(header)));
    const base = /flan/.test(name) ? 'flan' : /tiny/.test(name) ? 'tiny' : 'other';
    expect(new Set(written?.filter((tensor) => tensor !== '__metadata__')).size).toBe(tensorsOf[base]);
  });

  test('slerp_llama2 has exactly the values of its published example', async () => {
    const { recipe, asked } = await planName('slerp_llama2');
    expect(recipe?.source.value).toEqual({
      list_models: [
        ['abcdabcd987/gsm8k-llama2-7b-lora-16', '636b5eb8da724edae406ba69ef90fd06478e6df7'],
        ['FinGPT/fingpt-forecaster_dow30_llama2-7b_lora', '69f77190315afdb03a889d89bf2a0f932b311617'],
      ],
      base_model_name: 'meta-llama/Llama-2-7b-hf',
      base_model_revision_id: '01c7f73d771dfac7d292323805ebc428287df4f9',
      max_seq_len: 1024,
      max_gen_len: 64,
      architecture: 'decoder',
      parameter_lambdas: [0.5, 0.5],
      adapter_mode: 'factor',
    });
    expect(new Set(asked)).toEqual(
      new Set([
        'abcdabcd987/gsm8k-llama2-7b-lora-16@636b5eb8da724edae406ba69ef90fd06478e6df7',
        'FinGPT/fingpt-forecaster_dow30_llama2-7b_lora@69f77190315afdb03a889d89bf2a0f932b311617',
        'meta-llama/Llama-2-7b-hf@01c7f73d771dfac7d292323805ebc428287df4f9',
      ]),
    );
  });

  test.each([
    ['ta_llama2', 'task_arithmetic', [0.6, 0.6]],
    ['avg_llama2', 'linear', [0.5, 0.5]],
    ['ties_flan_t5', 'ties', [1, 1]],
    ['dare_ties_flan_t5', 'dare_ties', [0.6, 0.6]],
  ])('%s merges by %s with its lambdas', async (name, method, weights) => {
    const { plan } = await planName(name);
    const merged = plan?.operations.filter((operation) => operation.method === method) ?? [];
    expect(merged.length).toBeGreaterThan(0);
    for (const { perInput } of merged) expect(perInput.map(({ weight }) => weight)).toEqual(weights);
  });
});
