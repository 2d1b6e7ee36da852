import { join } from 'node:path';
import type { OpenedModel } from '../hub/open-model.js';
import type { SideFile } from '../protocol/plan.js';
import type { Recipe } from '../recipe/recipe.js';
import { modelCard } from './card.js';
import { editJson } from './edit-json.js';
import { type ConfigChanges, editConfig } from './output-config.js';

/** Files at the donor's top that are weights, state of a training or the donor's own words: they do not describe the merge. */
const leftBehind =
  /^(README.*|\..*|adapter_.*|training_args\.bin|trainer_state\.json|optimizer\..*|.*\.(safetensors|bin|pt|pth|gguf|ggml|h5|msgpack|onnx|index\.json))$/i;

export type SideFileOptions = {
  readonly config: ConfigChanges;
  /** Text of the index of the weight files. */
  readonly index: string | null;
  /** The donor's files that are not copied, because others take their place or they are not wanted. */
  readonly without: (name: string) => boolean;
  /** Files that take the place of the donor's. */
  readonly instead: readonly SideFile[];
  readonly modelCard: boolean;
};

/** What a copy of the recipe is called. */
export const recipeFileName = ({ dialect }: Recipe): string =>
  dialect === 'mergekit' ? 'mergekit_config.yml' : 'recipe.yml';

/** Everything of the output that is not weights; config.json comes last because it makes the folder a model. */
export const sideFiles = (
  recipe: Recipe,
  donor: OpenedModel,
  models: readonly OpenedModel[],
  { config, index, without, instead, modelCard: hasCard }: SideFileOptions,
): SideFile[] => {
  const { path, others, configText } = donor.checkpoint;
  const written = (name: string, text: string): SideFile => ({ name, source: null, text });
  const recipeName = recipeFileName(recipe);
  const own = [
    ...instead,
    ...(hasCard ? [written(recipeName, recipe.source.text), written('README.md', modelCard(recipe, models))] : []),
    ...(index === null ? [] : [written('model.safetensors.index.json', index)]),
    ...(configText === null
      ? []
      : [
          written(
            'config.json',
            editJson(configText, (value) => editConfig(value, config)),
          ),
        ]),
  ];
  const names = new Set([...own.map(({ name }) => name), 'config.json', recipeName]);
  const copies = others
    .filter((name) => !names.has(name) && (name.includes('/') || !leftBehind.test(name)) && !without(name))
    .map((name): SideFile => ({ name, source: join(path, name), text: null }));
  return [...copies, ...own];
};
