import { join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { type MethodName, methodNames, methodSpec } from '../../../src/protocol/methods.js';
import type { Plan } from '../../../src/protocol/plan.js';
import { noTorch, titled } from '../../bridge/python.js';
import { planText } from '../../helpers/plan.js';
import { temporaryFolder } from '../../helpers/temporary.js';
import { tensorsOf, writeModels } from './fixtures.js';
import { readTensors } from './read-tensors.js';
import { jsonOf, mergeAll } from './run.js';

const folder = temporaryFolder();
beforeAll(() => writeModels(folder, { base: {}, one: { tune: 1 }, two: { tune: 2 } }));

/** Values for the parameters that have no default. */
const required: Readonly<Record<string, number>> = { weight: 0.5, t: 0.5 };

/** A recipe of a method with as few models as it takes. */
const recipeOf = (method: MethodName, dtype: string): string => {
  const { base, inputs, shared, perInput } = methodSpec(method);
  const parameters = Object.entries({ ...shared, ...perInput }).flatMap(([name, { default: value }]) =>
    value === undefined ? [`${name}: ${required[name]}`] : [],
  );
  const models = ['one', 'two'].slice(0, Math.max(inputs.minimum, Math.min(inputs.maximum ?? 2, 2)));
  const lines = [
    `merge_method: ${method}`,
    `dtype: ${dtype}`,
    `models: [${models.map((model) => `{ model: ${model} }`).join(', ')}]`,
  ];
  if (base !== 'ignored') lines.push('base_model: base');
  if (parameters.length > 0) lines.push(`parameters: { ${parameters.join(', ')} }`);
  return `${lines.join('\n')}\n`;
};

const dtypes = { float16: 'F16', bfloat16: 'BF16', float32: 'F32' } as const;

/** Types and offsets in the header of the only shard. */
const headerOf = (plan: Plan | null): Record<string, { dtype: string; data_offsets: [number, number] }> => {
  const { __metadata__, ...header } = JSON.parse(plan?.shards[0]?.header ?? '{}');
  return header;
};

describe.each(Object.entries(dtypes))('%s is what the file will hold', (dtype, stored) => {
  test.each(methodNames)('by %s', async (method) => {
    const { plan, faults } = await planText(folder, recipeOf(method, dtype));
    expect(faults).toEqual([]);
    const header = headerOf(plan);
    expect(Object.keys(header).sort()).toEqual(Object.keys(tensorsOf({})).sort());
    expect(new Set(Object.values(header).map((tensor) => tensor.dtype))).toEqual(new Set([stored]));
    expect(plan?.steps.every(({ output }) => output.dtype === stored)).toBe(true);
    const config = JSON.parse(plan?.sideFiles.find(({ name }) => name === 'config.json')?.text ?? '{}');
    expect(config.dtype ?? config.torch_dtype).toBe(dtype);
  });
});

test.skipIf(noTorch)(
  titled('arcee_fusion writes float16 in shards, with an index that counts its bytes', noTorch),
  async () => {
    const recipe = recipeOf('arcee_fusion', 'float16');
    await mergeAll(folder, { fused: recipe }, ['--shard-size', '50kB']);
    const out = join(folder, 'fused');
    const tensors = [...readTensors(out)];
    expect(new Set(tensors.map(([, { dtype }]) => dtype))).toEqual(new Set(['F16']));
    const { metadata, weight_map: files } = jsonOf(out, 'model.safetensors.index.json') as {
      metadata: { total_size: number };
      weight_map: Record<string, string>;
    };
    expect(metadata.total_size).toBe(tensors.reduce((sum, [, { values }]) => sum + 2 * values.length, 0));
    expect(Object.keys(files).sort()).toEqual(Object.keys(tensorsOf({})).sort());
    expect(new Set(Object.values(files)).size).toBeGreaterThan(1);
  },
);
