import type { Fault, FaultDescription } from '../fault.js';
import { locate, type SearchFolders } from '../hub/reference.js';
import type { MethodName } from '../protocol/methods.js';
import { validateYaml, type YamlPath } from '../yaml.js';
import { type Reading, report } from './reading.js';
import type { Recipe, RecipeSource, Scalar, Setting, Settings } from './recipe.js';
import { readSettings } from './setting.js';
import { adaptersOf, StarterKitConfig, settingsOf } from './starter-kit-config.js';
import { readKitMethod } from './starter-kit-method.js';

const constant = (value: Scalar, path: YamlPath): Setting => ({
  entries: [{ filter: null, value, path }],
  path,
});

/** Whether the text is in the kit's dialect. */
export const isStarterKit = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && ('list_models' in value || 'base_model_name' in value);

/** Methods to which a lambda is the weight of a model. */
const takesWeights = (method: MethodName | null): boolean =>
  method !== null && method !== 'slerp' && method !== 'model_stock' && method !== 'passthrough';

/** The models in their order, each with its lambda as weight where the method takes one. */
const readModels = (
  reading: Reading,
  { list_models: models, parameter_lambdas: lambdas }: StarterKitConfig,
  method: MethodName | null,
  folders: SearchFolders,
): RecipeSource[] => {
  const isWeighted = takesWeights(method);
  if (isWeighted && lambdas && lambdas.length !== models.length) {
    const message = `${lambdas.length} lambdas for ${models.length} models`;
    report(reading, ['parameter_lambdas'], { code: 'wrong-count', message, hint: 'write one number per model' });
  }
  return models.map(([name, revision], index) => {
    const share = lambdas ? lambdas[index] : 1 / models.length;
    const path: YamlPath = lambdas ? ['parameter_lambdas', index] : ['list_models', index];
    // A lambda that is not there is an empty setting: the count is the fault, not a missing weight as well.
    const weight: Setting = share === undefined ? { entries: [], path } : constant(share, path);
    return sourceOf(name ?? '', revision, isWeighted ? { weight } : {}, ['list_models', index, 0], folders);
  });
};

const sourceOf = (
  name: string,
  revision: string | null | undefined,
  parameters: Settings,
  path: YamlPath,
  folders: SearchFolders,
): RecipeSource => ({
  reference: { text: name, model: locate(name, folders, revision ?? undefined), adapter: null },
  architecture: null,
  parameters,
  layers: null,
  path,
});

/** The kit's SLERP leaves vectors at length one, and factors have lengths that matter. */
const lengthsLost: FaultDescription = {
  severity: 'warning',
  code: 'lengths-lost',
  message: 'SLERP of factors brings every factor to length one: how strong each adapter is gets lost',
  hint: '`parameters: { norm: preserve }` keeps the lengths, `adapter_mode: delta` merges the updates themselves; `norm: unit` says that it is wanted',
};

/** Parameters of the merge: those written, and what the kit's own code takes for granted. */
const readParameters = (reading: Reading, config: StarterKitConfig, method: MethodName | null): Settings => {
  const parameters: Record<string, Setting> = { ...readSettings(reading, config.parameters, ['parameters']) };
  if (method === 'slerp') {
    if (config.list_models.length !== 2) {
      const message = `slerp merges exactly two models, not ${config.list_models.length}`;
      report(reading, ['list_models'], { code: 'wrong-count', message }, 'key');
    }
    const t = config.parameter_lambdas?.[0];
    if (t !== undefined) parameters.t ??= constant(t, ['parameter_lambdas', 0]);
    if (config.adapter_mode === 'factor' && parameters.norm === undefined) {
      parameters.norm = constant('unit', ['adapter_mode']);
      report(reading, ['adapter_mode'], lengthsLost);
    }
  }
  // The kit adds weighted models as they are: nothing divides by the sum of the lambdas.
  if (method === 'linear') parameters.normalize ??= constant(false, ['list_models']);
  return parameters;
};

export type KitReading = {
  readonly folders: SearchFolders;
  /** Name under which the kit would register the config; it may tell the method. */
  readonly registered?: string | undefined;
};

/** Lowers a config of the NeurIPS 2024 LLM-Merging starter kit. */
export const lowerStarterKit = (
  reading: Reading,
  { folders, registered }: KitReading,
): { recipe: Recipe | null; faults: Fault[] } => {
  const { source, faults, unknownKeys } = reading;
  const { value, faults: found } = validateYaml(source, StarterKitConfig, () => Object.keys(StarterKitConfig.shape));
  faults.push(...found.map((fault) => (fault.code === 'unknown-key' ? { ...fault, severity: unknownKeys } : fault)));
  if (value === null) return { recipe: null, faults };
  const method = readKitMethod(reading, value.merge_method, registered);
  const models = readModels(reading, value, method, folders);
  const base = sourceOf(value.base_model_name, value.base_model_revision_id, {}, ['base_model_name'], folders);
  const path: YamlPath = ['list_models'];
  const sources = method === 'slerp' ? models.slice(1) : models;
  const recipe: Recipe = {
    dialect: 'starter-kit',
    source,
    method,
    modules: [
      {
        name: null,
        form: 'models',
        slices: [{ sources, base: null, parameters: {}, complete: true, path }],
        parameters: {},
        path,
      },
    ],
    base: method === 'slerp' ? (models[0] ?? null) : method === 'linear' || method === 'passthrough' ? null : base,
    parameters: readParameters(reading, value, method),
    outputDtype: null,
    tokenizer: null,
    chatTemplate: null,
    adapterBase: base.reference,
    adapters: adaptersOf(value),
    kit: settingsOf(value),
  };
  return { recipe, faults };
};
