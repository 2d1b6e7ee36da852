import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { type TestTensors, writeSafetensors } from '../../helpers/checkpoint.js';
import { runCli } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { hidden, randomNumbers, writeModels } from './fixtures.js';
import { digests, mergeTo, planOf, python } from './run.js';

const folder = temporaryFolder();
const rank = 4;
const names = ['plain', 'rank-stabilised', 'patterned', 'decomposed', 'saving'];
const settings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  'rank-stabilised': { use_rslora: true },
  patterned: { rank_pattern: { v_proj: 2 }, alpha_pattern: { v_proj: 6 } },
  decomposed: { use_dora: true },
  saving: { modules_to_save: ['lm_head'] },
};

/** Writes an adapter of the queries and values of all layers as peft does. */
const writeAdapter = (name: string): void => {
  const next = randomNumbers(names.indexOf(name) + 100);
  const more = settings[name] ?? {};
  const tensor = (shape: readonly number[], middle = 0) => {
    const data = Array.from(
      { length: shape.reduce((product, size) => product * size, 1) },
      () => middle + 0.1 * next(),
    );
    return { dtype: 'F32', shape, data } as const;
  };
  const tensors: Record<string, TestTensors[string]> = {};
  for (let layer = 0; layer < 4; layer++) {
    for (const [part, rows] of [
      ['q_proj', hidden],
      ['v_proj', 16],
    ] as const) {
      const r = part === 'v_proj' && 'rank_pattern' in more ? 2 : rank;
      const prefix = `base_model.model.model.layers.${layer}.self_attn.${part}`;
      tensors[`${prefix}.lora_A.weight`] = tensor([r, hidden]);
      tensors[`${prefix}.lora_B.weight`] = tensor([rows, r]);
      if ('use_dora' in more) tensors[`${prefix}.lora_magnitude_vector`] = tensor([rows], 0.7);
    }
  }
  if ('modules_to_save' in more) tensors['base_model.model.lm_head.weight'] = tensor([320, hidden]);
  const at = join(folder, name);
  mkdirSync(at);
  writeSafetensors(join(at, 'adapter_model.safetensors'), tensors);
  const config = {
    peft_type: 'LORA',
    task_type: 'CAUSAL_LM',
    base_model_name_or_path: join(folder, 'base'),
    r: rank,
    lora_alpha: 8,
    target_modules: ['q_proj', 'v_proj'],
    bias: 'none',
    ...more,
  };
  writeFileSync(join(at, 'adapter_config.json'), JSON.stringify(config));
};

beforeAll(() => {
  writeModels(folder, { base: {} });
  names.forEach(writeAdapter);
});

test('adapters alone, with misplaced keys, are told precisely', async () => {
  const model = (name: string) => `  - model: ${name}\n    weight: 0.5\n    layer_range: [0, -1]\n`;
  const { code, faults } = await planOf(
    folder,
    'bare',
    `merge_method: linear\nmodels:\n${model('plain')}${model('saving')}`,
  );
  expect(code).toBe(2);
  const told = faults.map(({ code: name, line }) => [name, line]);
  for (const line of [4, 7]) expect(told).toContainEqual(['misplaced-key', line]);
  for (const line of [5, 8]) expect(told).toContainEqual(['misplaced-key', line]);
});

const weights = [0.4, 0.3, -0.2, 0.25, 0.15];
const five = `merge_method: della_linear\nbase_model: base\nparameters: { density: 1, epsilon: 0 }\nmodels:\n${names
  .map((name, index) => `  - { model: base+${name}, parameters: { weight: ${weights[index]} } }\n`)
  .join('')}`;
const one = 'merge_method: passthrough\nmodels: [{ model: base+plain }]\n';

type Compared = {
  readonly tensors: number;
  readonly off: readonly string[];
  readonly changed: number;
  readonly tokens: number;
};

describe.skipIf(noTorch)(titled('adapters on a base', noTorch), () => {
  let before: readonly string[] = [];
  let compared: readonly Compared[] = [];

  beforeAll(async () => {
    before = readdirSync(folder).filter((name) => !name.endsWith('.yml'));
    for (const [name, recipe] of [
      ['five', five],
      ['one', one],
    ] as const) {
      const { code, stderr, events } = await mergeTo(folder, name, recipe);
      if (code !== 0) throw new Error(`${name}: ${stderr} ${JSON.stringify(events.at(-1))}`);
    }
    const at = (name: string) => join(folder, name);
    compared = python<Compared[]>('adapters.py', [
      { base: at('base'), adapters: names.map((name, index) => [weights[index], at(name)]), out: at('five') },
      { base: at('base'), adapters: [[1, at('plain')]], out: at('one') },
    ]);
  });

  test.each([
    ['five of them by della_linear', 0, 9],
    ['one of them alone', 1, 8],
  ] as const)('%s: what peft merges, within a step of bfloat16', (_, index, changed) => {
    expect(compared[index]).toEqual({ tensors: 39, off: [], changed, tokens: 320 });
  });

  test('nothing but the results is left', () => {
    const after = readdirSync(folder).filter((name) => !name.endsWith('.yml'));
    expect(after.sort()).toEqual([...before, 'five', 'one'].sort());
  });

  test('a merge that was killed is done when it is run again', async () => {
    let killed = false;
    const { signal } = await mergeTo(folder, 'again', five, [], {
      onEvent: ({ type }, child) => {
        if (type === 'worker-ready' && !killed) killed = child.kill('SIGKILL');
      },
    });
    expect([killed, signal]).toEqual([true, 'SIGKILL']);
    const { code, stderr } = await runCli(['merge', 'five.yml', 'again', '--quiet'], { cwd: folder });
    expect([code, stderr]).toEqual([0, '']);
    expect(digests(join(folder, 'again'))).toEqual(digests(join(folder, 'five')));
    expect(
      readdirSync(folder)
        .filter((name) => name.includes('again'))
        .sort(),
    ).toEqual(['again', 'again.yml']);
  });
});
