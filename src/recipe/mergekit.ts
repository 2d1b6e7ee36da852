import { z } from 'zod';
import type { Fault } from '../fault.js';
import { parseReference, type SearchFolders } from '../hub/reference.js';
import { suggestion } from '../nearest.js';
import { MethodName, methodNames } from '../protocol/methods.js';
import type { Dtype } from '../protocol/plan.js';
import { validateYaml, type YamlPath, type YamlSource } from '../yaml.js';
import type { Recipe, RecipeModel } from './recipe.js';
import { readSettings } from './setting.js';

const PathAndRevision = z.union([z.string(), z.strictObject({ path: z.string(), revision: z.string().nullish() })], {
  error: 'expected a path, or `{path, revision}`',
});

/** A reference as text, or in pieces for paths that hold `+` or `@`. */
const WrittenReference = z.union(
  [z.string().min(1), z.strictObject({ model: PathAndRevision, lora: PathAndRevision.nullish() })],
  { error: 'expected a model: a folder, `org/name`, `model+adapter`, or `{model, lora}`' },
);

const MergekitRecipe = z.strictObject({
  merge_method: z.string({ error: 'expected the name of a merge method' }),
  models: z
    .array(z.strictObject({ model: WrittenReference, parameters: z.unknown().optional() }), {
      error: 'expected a list of models',
    })
    .min(1, { error: 'at least one model is needed' }),
  base_model: WrittenReference.nullish(),
  parameters: z.unknown().optional(),
  dtype: z.string({ error: 'expected the name of a type' }).nullish(),
  out_dtype: z.string({ error: 'expected the name of a type' }).nullish(),
});

const modelKeys = ['model', 'parameters'];

const dtypes: Readonly<Record<string, Dtype>> = { float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

const textOf = (written: z.infer<typeof PathAndRevision>): string =>
  typeof written === 'string' ? written : written.path + (written.revision ? `@${written.revision}` : '');

/** Lowers a recipe in mergekit's dialect. */
export const lowerMergekit = (
  source: YamlSource,
  folders: SearchFolders,
): { recipe: Recipe | null; faults: Fault[] } => {
  const topKeys = Object.keys(MergekitRecipe.shape);
  const { value, faults } = validateYaml(source, MergekitRecipe, (path) =>
    path[0] === 'models' ? modelKeys : topKeys,
  );
  if (value === null) return { recipe: null, faults };

  const model = (
    written: z.infer<typeof WrittenReference>,
    parameters: unknown,
    path: YamlPath,
    key: string,
  ): RecipeModel => {
    const text =
      typeof written === 'string' ? written : textOf(written.model) + (written.lora ? `+${textOf(written.lora)}` : '');
    return {
      reference: parseReference(text, folders),
      parameters: readSettings(source, parameters, [...path, 'parameters'], faults),
      path: [...path, key],
    };
  };
  const dtypeAt = (key: 'dtype' | 'out_dtype'): Dtype | null => {
    const written = value[key];
    if (written === undefined || written === null) return null;
    const dtype = dtypes[written.replace(/^torch\./, '')];
    if (dtype === undefined) {
      const hint = suggestion(written, Object.keys(dtypes));
      faults.push(source.faultAt([key], { code: 'unknown-dtype', message: `unknown type \`${written}\``, hint }));
    }
    return dtype ?? null;
  };

  const method = MethodName.safeParse(value.merge_method);
  if (!method.success) {
    const hint = suggestion(value.merge_method, methodNames);
    const message = `unknown merge method \`${value.merge_method}\``;
    faults.push(source.faultAt(['merge_method'], { code: 'unknown-method', message, hint }));
  }
  const inputDtype = dtypeAt('dtype');
  const recipe: Recipe = {
    dialect: 'mergekit',
    source,
    method: method.data ?? null,
    models: value.models.map((entry, index) => model(entry.model, entry.parameters, ['models', index], 'model')),
    base: value.base_model ? model(value.base_model, undefined, [], 'base_model') : null,
    parameters: readSettings(source, value.parameters, ['parameters'], faults),
    outputDtype: dtypeAt('out_dtype') ?? inputDtype,
    adapterBase: null,
  };
  return { recipe, faults };
};
