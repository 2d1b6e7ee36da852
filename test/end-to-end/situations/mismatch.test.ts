import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { type Finished, root } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { writeModels } from './fixtures.js';
import { faultsOf, jsonOf, mergeTo, planOf, python } from './run.js';

const folder = temporaryFolder();

/** The recipe that users start from, with small models in place of its three. */
const recipe = readFileSync(join(root, 'configs/recipes/ultra_llm_merged.yml'), 'utf8')
  .replaceAll('mistralai/Mistral-7B-v0.1', 'mistral')
  .replaceAll('WizardLM/WizardMath-7B-V1.0', 'wizard')
  .replaceAll('codellama/CodeLlama-7b-Instruct-hf', 'code');

const codeTokens = Array.from({ length: 16 }, (_, index) => `<code${index}>`);

beforeAll(() => {
  // As theirs: fewer heads of keys and wider MLPs in the base, and as many rows as tokens in each.
  writeModels(folder, {
    mistral: { ffn: 112 },
    wizard: { keyHeads: 4, vocabulary: 321, tune: 1, tokenizer: { added: ['[PAD]'] } },
    code: { keyHeads: 4, vocabulary: 336, tune: 2, tokenizer: { added: codeTokens } },
  });
});

test('the models of the first recipe do not fit, which is said by kind, with the ways out', async () => {
  const { code, plan, faults } = await planOf(folder, 'error', recipe);
  expect([code, plan]).toEqual([6, null]);
  const said = faults.filter(({ severity }) => severity === 'error').map(({ message }) => message);
  expect(said).toEqual([
    expect.stringMatching(/MLP 112 in mistral; 96 in wizard and code \(12 tensors: /),
    expect.stringMatching(/keys and values of attention 16 in mistral; 32 in wizard and code \(8 tensors: /),
    'code (336 rows) and wizard (321 rows) mean different tokens by 1 id: 320 is `[PAD]` there and `<code0>` here',
  ]);
  const hints = new Map(faults.map(({ code: kind, hint }) => [kind, hint]));
  expect(hints.get('vocabulary-mismatch')).toContain('tokenizer_source');
  for (const hint of hints.values()) expect(hint).toMatch(/--on-mismatch skip.*pad/);
});

type Checked = { readonly tensors: number; readonly off: readonly string[]; readonly differing: number };

describe.skipIf(noTorch)(titled('the first recipe', noTorch), () => {
  describe.each([
    ['skip', ['wizard takes no part in 22 tensors', 'code takes no part in 22 tensors']],
    ['pad', ['14 tensors of wizard', '12 tensors of code', '10 tensors of mistral']],
  ] as const)('with --on-mismatch %s', (mode, counts) => {
    let run: Finished;
    let checked: Checked;

    beforeAll(async () => {
      run = await mergeTo(folder, mode, recipe, ['--on-mismatch', mode]);
      checked = python<Checked>('mismatch.py', { folder, out: mode, mode });
    });

    test('merges, and counts aloud what does not fit', () => {
      expect([run.code, run.stderr]).toEqual([0, '']);
      const warnings = faultsOf(run).filter(({ code }) => code.startsWith('mismatch-'));
      expect(warnings.map(({ message }) => message)).toEqual(counts.map((count) => expect.stringContaining(count)));
    });

    test('every tensor is what numpy computes', () => {
      expect(checked.tensors).toBe(39);
      expect(checked.off).toEqual([]);
    });

    test('has the shape of its configuration', () => {
      expect(checked.differing).toBe(0);
      const { dtype, torch_dtype: older } = jsonOf(join(folder, mode), 'config.json');
      expect(dtype ?? older).toBe('float16');
    });
  });
});
