import { join } from 'node:path';
import type { OpenedModel } from '../hub/open-model.js';
import type { Dtype, SideFile } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';
import { modelCard } from './card.js';
import { editJson } from './edit-json.js';

const dtypeNames: Partial<Record<Dtype, string>> = { F64: 'float64', F32: 'float32', F16: 'float16', BF16: 'bfloat16' };

/** Files of the donor that are weights, state of a training or the donor's own words: they do not describe the merge. */
const leftBehind =
  /^(README.*|\..*|adapter_.*|training_args\.bin|trainer_state\.json|optimizer\..*|.*\.(safetensors|bin|pt|pth|gguf|ggml|h5|msgpack|onnx|index\.json))$/i;

/** config.json as the donor has it, with the type of the merged weights. */
const configOf = (text: string, dtype: Dtype): string =>
  editJson(text, (config) => {
    const key = 'torch_dtype' in config && !('dtype' in config) ? 'torch_dtype' : 'dtype';
    return { ...config, ...(dtypeNames[dtype] && { [key]: dtypeNames[dtype] }) };
  });

/** Everything of the output that is not weights; config.json comes last because it makes the folder a model. */
export const sideFiles = (
  recipe: Recipe,
  donor: OpenedModel,
  models: readonly OpenedModel[],
  { dtype, index }: { readonly dtype: Dtype; readonly index: string | null },
): SideFile[] => {
  const { path, others, configText } = donor.checkpoint;
  const copies = others
    .filter((name) => name !== 'config.json' && !leftBehind.test(name))
    .map((name): SideFile => ({ name, source: join(path, name), text: null }));
  const written = (name: string, text: string): SideFile => ({ name, source: null, text });
  const recipeName = recipe.dialect === 'mergekit' ? 'mergekit_config.yml' : 'recipe.yml';
  return [
    ...copies.filter(({ name }) => name !== recipeName),
    written(recipeName, recipe.source.text),
    written('README.md', modelCard(recipe, models)),
    ...(index === null ? [] : [written('model.safetensors.index.json', index)]),
    ...(configText === null ? [] : [written('config.json', configOf(configText, dtype))]),
  ];
};
