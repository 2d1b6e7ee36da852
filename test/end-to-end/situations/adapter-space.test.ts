import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { noTorch, titled } from '../../bridge/python.js';
import { root } from '../../helpers/cli.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { mergeTo, python } from './run.js';

const folder = temporaryFolder();
const zoo = join(root, 'zoo/decoder');
const [large, small] = ['arithmetic-lora-r16', 'summary-lora-r8'].map((name) => join(zoo, name)) as [string, string];

type Case = {
  readonly base: string;
  readonly adapters: readonly (readonly [number, string])[];
  readonly method: string;
  /** Lines of a starter-kit config that say how, or flags for a recipe of the other dialect that asks for float32. */
  readonly how: string | readonly string[];
  /** What is compared with; null: peft's merge of each adapter. */
  readonly mode: string | null;
  readonly rank: number | null;
};

const two = (method: string, how: Case['how'], mode: string | null, rank: number | null = null): Case => ({
  base: join(zoo, 'base'),
  adapters: [
    [0.6, large],
    [0.3, small],
  ],
  method,
  how,
  mode,
  rank,
});

const made = (base: string, names: readonly [string, string], how: string): Case => ({
  base: join(folder, base),
  adapters: [
    [0.7, join(folder, names[0])],
    [0.3, join(folder, names[1])],
  ],
  method: 'linear',
  how,
  mode: null,
  rank: null,
});

const front = 'adapter_mode: factor\nadapter_padding: front\n';
const adapter = 'adapter_output: adapter\n';
const asAdapter = ['--adapter-output', 'adapter'];

const cases: Readonly<Record<string, Case>> = {
  'factor-slerp-adapter': two('slerp', `${front}${adapter}`, 'factor slerp'),
  'factor-slerp-model': two('slerp', front, 'factor slerp'),
  'factor-average-adapter': two('linear', `${front}${adapter}`, 'factor'),
  'concat-adapter': two('linear', ['--adapter-mode', 'concat', ...asAdapter], 'sum'),
  'concat-model': two('task_arithmetic', 'adapter_mode: concat\n', 'sum'),
  'core-adapter': two('task_arithmetic', ['--adapter-mode', 'core', ...asAdapter], 'sum'),
  'svd-adapter': two('linear', ['--adapter-mode', 'svd', '--adapter-rank', '4', ...asAdapter], 'sum', 4),
  'delta-adapter': two('linear', ['--adapter-rank', '5', ...asAdapter], 'sum', 5),
  'kinds-concat': made('llama', ['embedding', 'saving'], `adapter_mode: concat\n${adapter}`),
  'turned-concat': made('gpt', ['conv', 'square'], `adapter_mode: concat\n${adapter}`),
  'turned-model': made('gpt', ['square', 'conv'], 'adapter_mode: core\n'),
};

const kitConfig = ({ base, adapters, method }: Case, how: string): string =>
  [
    `list_models:\n${adapters.map(([, path]) => `  - [${JSON.stringify(path)}]\n`).join('')}base_model_name: ${JSON.stringify(base)}`,
    `merge_method: ${method}\nparameter_lambdas: [${adapters.map(([weight]) => weight).join(', ')}]\n${how}`,
  ].join('\n');

const mergekitRecipe = ({ base, adapters, method }: Case): string => {
  const models = adapters.map(([weight, path]) => ({ model: `${base}+${path}`, parameters: { weight } }));
  const common = method === 'linear' ? {} : { base_model: base };
  const parameters = { normalize: false };
  return JSON.stringify({ merge_method: method, dtype: 'float32', parameters, models, ...common });
};

const run = (name: string, one: Case) =>
  typeof one.how === 'string'
    ? mergeTo(folder, name, kitConfig(one, one.how))
    : mergeTo(folder, name, mergekitRecipe(one), one.how);

type Compared = {
  readonly steps?: number;
  readonly names?: boolean;
  readonly logits?: number;
  readonly folded?: number;
  readonly changed?: number;
};

describe.skipIf(noTorch)(titled('adapters merged by their factors', noTorch), () => {
  let compared: Readonly<Record<string, Compared>> = {};

  beforeAll(async () => {
    python('adapter-space.py', { make: folder });
    for (const [name, one] of Object.entries(cases)) {
      const { code, stderr, events } = await run(name, one);
      if (code !== 0) throw new Error(`${name}: ${stderr} ${JSON.stringify(events)}`);
    }
    const asked = Object.entries(cases).map(([name, one]) => ({ ...one, out: join(folder, name) }));
    const found = python<Compared[]>('adapter-space.py', { compare: asked });
    compared = Object.fromEntries(Object.keys(cases).map((name, index) => [name, found[index] ?? {}]));
  });

  test.each(Object.keys(cases).filter((name) => !name.endsWith('model')))(
    '%s: peft computes what the formula says',
    (name) => {
      const { logits = Number.NaN, folded = Number.NaN, changed = Number.NaN } = compared[name] ?? {};
      expect(changed).toBeGreaterThan(0.01);
      // The factors of the zoo are stored in bfloat16, and so is what becomes of them unless the recipe says otherwise.
      const rounding = name.startsWith('factor') ? 2 ** -8 : 1e-4;
      expect(logits).toBeLessThan(rounding * changed);
      expect(folded).toBeLessThan(rounding * changed);
    },
  );

  test.each(Object.keys(cases).filter((name) => name.endsWith('model')))(
    '%s: the formula, within half a step of bfloat16',
    (name) => {
      expect(compared[name]?.names).toBe(true);
      expect(compared[name]?.steps).toBeLessThan(1.01);
    },
  );
});
