import { renameSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { type TestTensors, writeCheckpoint } from '../helpers/checkpoint.js';
import { planText } from '../helpers/plan.js';
import { temporaryFolder } from '../helpers/temporary.js';

const folder = temporaryFolder();
const config = { architectures: ['MixtralForCausalLM'], model_type: 'mixtral' };
const expert = 'model.layers.0.mlp.experts.0';
const single: TestTensors = {
  [`${expert}.gate_proj.weight`]: { dtype: 'F32', shape: [2, 5] },
  [`${expert}.up_proj.weight`]: { dtype: 'F32', shape: [2, 5] },
};
writeCheckpoint(join(folder, 'single'), { tensors: single, config });
writeCheckpoint(join(folder, 'fused'), {
  tensors: { 'model.layers.0.mlp.experts.gate_up_proj': { dtype: 'F32', shape: [1, 4, 5] } },
  config,
});
for (const [name, matrix] of [
  ['gate', 'gate_proj'],
  ['up', 'up_proj'],
] as const) {
  const adapter = writeCheckpoint(join(folder, name), {
    tensors: {
      [`base_model.model.${expert}.${matrix}.lora_A.weight`]: { dtype: 'F32', shape: [1, 5] },
      [`base_model.model.${expert}.${matrix}.lora_B.weight`]: { dtype: 'F32', shape: [2, 1] },
    },
    config: null,
    files: { 'adapter_config.json': JSON.stringify({ peft_type: 'LORA', r: 1, lora_alpha: 1 }) },
  });
  renameSync(join(adapter, 'model.safetensors'), join(adapter, 'adapter_model.safetensors'));
}

const plan = (base: string, adapter: string) =>
  planText(
    folder,
    `merge_method: task_arithmetic\nbase_model: ${base}\nmodels: [{ model: single+${adapter}, parameters: { weight: 1 } }]\n`,
  );

test.each([
  ['gate', [true, false]],
  ['up', [false, true]],
])(
  'an adapter of the %s matrix of one expert is applied to it, and refused where the base has all in one tensor',
  async (adapter, applied) => {
    const { plan: fitting, faults } = await plan('single', adapter);
    expect(faults).toEqual([]);
    expect(fitting?.steps.map(({ inputs }) => inputs[0]?.lora !== null)).toEqual(applied);
    const refused = await plan('fused', adapter);
    expect(refused.faults).toMatchObject([{ code: 'adapter-layout', exitCode: 6, line: 3 }]);
  },
);
