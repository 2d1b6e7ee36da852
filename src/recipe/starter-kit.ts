import { basename } from 'node:path';
import { z } from 'zod';
import type { Fault } from '../fault.js';
import { locate, type SearchFolders } from '../hub/reference.js';
import { suggestion } from '../nearest.js';
import { type MethodName, methodNames } from '../protocol/methods.js';
import { validateYaml, type YamlPath } from '../yaml.js';
import type { Reading } from './reading.js';
import type { Recipe, RecipeSource, Setting, Settings } from './recipe.js';
import { readSettings } from './setting.js';

const RepositoryAndRevision = z
  .array(z.string({ error: 'expected text' }).nullable(), { error: 'expected `[model, revision]`' })
  .min(1)
  .max(2, { error: 'expected `[model, revision]`' });

const StarterKitConfig = z.strictObject({
  list_models: z.array(RepositoryAndRevision, { error: 'expected a list of `[model, revision]`' }).min(1),
  base_model_name: z.string({ error: 'expected the model that everything starts from' }),
  base_model_revision_id: z.string().nullish(),
  architecture: z.enum(['decoder', 'encoder_decoder'], { error: 'expected `decoder` or `encoder_decoder`' }).nullish(),
  parameter_lambdas: z
    .array(z.number({ error: 'expected a number' }), { error: 'expected a list of numbers' })
    .nullish(),
  max_seq_len: z.int().nullish(),
  max_gen_len: z.int().nullish(),
  is_peft: z.boolean().nullish(),
  /** Ours: the kit gives the method by its registered name. */
  merge_method: z.string().nullish(),
  parameters: z.unknown().optional(),
});

/** Prefixes of the kit's registered names, longest first. */
const methodPrefixes: readonly (readonly [string, MethodName])[] = [
  ['dare_ties', 'dare_ties'],
  ['dare', 'dare_linear'],
  ['ties', 'ties'],
  ['slerp', 'slerp'],
  ['avg', 'linear'],
  ['ta', 'task_arithmetic'],
  ['ms', 'model_stock'],
];

const methodByName = (name: string): MethodName | undefined =>
  methodPrefixes.find(([prefix]) => name === prefix || name.startsWith(`${prefix}_`))?.[1];

const constant = (value: number | boolean, path: YamlPath): Setting => ({
  entries: [{ filter: null, value, path }],
  path,
});

/** Whether the text is in the kit's dialect. */
export const isStarterKit = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('list_models' in value || 'base_model_name' in value);

/** Lowers a config of the NeurIPS 2024 LLM-Merging starter kit. The method comes from `merge_method` or the file's name. */
export const lowerStarterKit = (
  reading: Reading,
  folders: SearchFolders,
): { recipe: Recipe | null; faults: Fault[] } => {
  const { source, faults, unknownKeys } = reading;
  const { value, faults: found } = validateYaml(source, StarterKitConfig, () => Object.keys(StarterKitConfig.shape));
  faults.push(...found.map((fault) => (fault.code === 'unknown-key' ? { ...fault, severity: unknownKeys } : fault)));
  if (value === null) return { recipe: null, faults };

  const written = value.merge_method ?? undefined;
  const method =
    written === undefined ? methodByName(basename(source.file)) : methodNames.find((name) => name === written);
  if (method === undefined) {
    faults.push(
      written === undefined
        ? source.faultAt(
            ['list_models'],
            {
              code: 'unknown-method',
              message: 'the file does not say which merge method to use',
              hint: 'add `merge_method: slerp`, or begin the file name with the method, as in slerp_llama2.yaml',
            },
            'key',
          )
        : source.faultAt(['merge_method'], {
            code: 'unknown-method',
            message: `unknown merge method \`${written}\``,
            hint: suggestion(written, methodNames),
          }),
    );
  }

  const lambdas = value.parameter_lambdas ?? undefined;
  const lambdaPath = (index: number): YamlPath => ['parameter_lambdas', index];
  const takesWeights =
    method !== undefined && method !== 'slerp' && method !== 'model_stock' && method !== 'passthrough';
  if (takesWeights && lambdas !== undefined && lambdas.length !== value.list_models.length) {
    const message = `${lambdas.length} lambdas for ${value.list_models.length} models`;
    faults.push(
      source.faultAt(['parameter_lambdas'], { code: 'wrong-count', message, hint: 'write one number per model' }),
    );
  }
  const model = (
    name: string,
    revision: string | null | undefined,
    parameters: Settings,
    path: YamlPath,
  ): RecipeSource => ({
    reference: { text: name, model: locate(name, folders, revision ?? undefined), adapter: null },
    architecture: null,
    parameters,
    layers: null,
    path,
  });
  const models = value.list_models.map(([name, revision], index) => {
    const share = lambdas === undefined ? 1 / value.list_models.length : lambdas[index];
    const path = lambdas === undefined ? ['list_models', index] : lambdaPath(index);
    // A lambda that is not there is an empty setting: the count is the fault, not a missing weight as well.
    const weight: Setting = share === undefined ? { entries: [], path } : constant(share, path);
    return model(name ?? '', revision, takesWeights ? { weight } : {}, ['list_models', index, 0]);
  });
  const base = model(value.base_model_name, value.base_model_revision_id, {}, ['base_model_name']);
  const parameters: Record<string, Setting> = { ...readSettings(reading, value.parameters, ['parameters']) };
  if (method === 'slerp') {
    if (models.length !== 2) {
      const message = `slerp merges exactly two models, not ${models.length}`;
      faults.push(source.faultAt(['list_models'], { code: 'wrong-count', message }, 'key'));
    }
    const t = lambdas?.[0];
    if (t !== undefined) parameters.t ??= constant(t, lambdaPath(0));
  }
  // The kit adds weighted models as they are: nothing divides by the sum of the lambdas.
  if (method === 'linear') parameters.normalize ??= constant(false, ['list_models']);
  const recipe: Recipe = {
    dialect: 'starter-kit',
    source,
    method: method ?? null,
    modules: [
      {
        name: null,
        form: 'models',
        slices: [
          {
            sources: method === 'slerp' ? models.slice(1) : models,
            base: null,
            parameters: {},
            complete: true,
            path: ['list_models'],
          },
        ],
        parameters: {},
        path: ['list_models'],
      },
    ],
    base: method === 'slerp' ? (models[0] ?? null) : method === 'linear' || method === 'passthrough' ? null : base,
    parameters,
    outputDtype: null,
    tokenizer: null,
    chatTemplate: null,
    adapterBase: base.reference,
  };
  return { recipe, faults };
};
