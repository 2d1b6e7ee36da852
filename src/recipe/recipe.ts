import type { ModelReference } from '../hub/reference.js';
import type { MethodName } from '../protocol/methods.js';
import type { Dtype } from '../protocol/plan.js';
import type { TokenizerRequest } from '../tokenizer/request.js';
import type { YamlPath, YamlSource } from '../yaml.js';

/** A value as written, before a method says what type it wants. */
export type Scalar = number | boolean | string;

/** A scalar for every layer, or a gradient along the layers. */
export type SettingValue = Scalar | readonly Scalar[];

export type SettingEntry = {
  /** Part of a tensor's name; null matches every name. */
  readonly filter: string | null;
  readonly value: SettingValue;
  readonly path: YamlPath;
};

/** A parameter as written: the first entry whose filter matches applies. No entries: it is there, but could not be read. */
export type Setting = { readonly entries: readonly SettingEntry[]; readonly path: YamlPath };

/** Parameters by name. */
export type Settings = Readonly<Record<string, Setting>>;

/** Layers `start` to `end`, the end not included. */
export type LayerRange = { readonly start: number; readonly end: number; readonly path: YamlPath };

/** A model, or layers of it, as it takes part in a merge. */
export type RecipeSource = {
  readonly reference: ModelReference;
  /** Class name that stands for the one in config.json, or null. */
  readonly architecture: string | null;
  readonly parameters: Settings;
  /** Null: all. */
  readonly layers: LayerRange | null;
  readonly path: YamlPath;
};

/** Layers that are merged with each other. */
export type RecipeSlice = {
  /** In the order written; the base is among them only when the recipe lists it. */
  readonly sources: readonly RecipeSource[];
  /** A base of this slice alone. */
  readonly base: RecipeSource | null;
  readonly parameters: Settings;
  /** False: a source could not be read, so counts mean nothing. */
  readonly complete: boolean;
  readonly path: YamlPath;
};

/** Slices that are stacked on each other. */
export type RecipeModule = {
  /** Null: the whole model. */
  readonly name: string | null;
  /** `models`: one slice of whole models. */
  readonly form: 'models' | 'slices';
  readonly slices: readonly RecipeSlice[];
  readonly parameters: Settings;
  readonly path: YamlPath;
};

/** How LoRA adapters are merged with each other when every model is one. */
export type AdapterMerge = {
  /** `delta`: as updates of the weights; the others on the factors. */
  readonly mode: 'delta' | 'factor' | 'concat' | 'core' | 'svd';
  /** A whole model, or an adapter. */
  readonly output: 'merged' | 'adapter';
  /** Of an adapter; null: as the mode gives it. */
  readonly rank: number | null;
  /** Where `factor` fills up factors of a smaller rank. */
  readonly padding: 'back' | 'front';
};

export const defaultAdapterMerge: AdapterMerge = { mode: 'delta', output: 'merged', rank: null, padding: 'back' };

/** What a config of the starter kit says besides what to merge; null where it says nothing. */
export type KitSettings = {
  readonly architecture: 'decoder' | 'encoder_decoder' | null;
  /** Whether the models are adapters. */
  readonly isPeft: boolean | null;
  /** Tokens of the longest input and of the longest answer in an evaluation. */
  readonly maxSequenceLength: number | null;
  readonly maxGenerationLength: number | null;
  /** Evaluation tasks, by name or file. */
  readonly tasks: readonly string[];
};

/** The one internal form that every dialect is lowered to. */
export type Recipe = {
  readonly dialect: 'mergekit' | 'starter-kit';
  readonly source: YamlSource;
  /** Null when the recipe names no known method; the faults say so. */
  readonly method: MethodName | null;
  readonly modules: readonly RecipeModule[];
  readonly base: RecipeSource | null;
  /** Parameters for all models. */
  readonly parameters: Settings;
  /** Null: the common type of the inputs. */
  readonly outputDtype: Dtype | null;
  /** Null: nothing is said, the base's tokenizer is kept. */
  readonly tokenizer: TokenizerRequest | null;
  readonly chatTemplate: { readonly text: string; readonly path: YamlPath } | null;
  /** The model that an adapter folder listed by itself is applied to; null where that is not allowed. */
  readonly adapterBase: ModelReference | null;
  readonly adapters: AdapterMerge;
  /** Null in other dialects. */
  readonly kit: KitSettings | null;
};

/** Every slice of a recipe. */
export const slicesOf = (recipe: Recipe): readonly RecipeSlice[] => recipe.modules.flatMap(({ slices }) => slices);

/** Every model that a recipe writes down, bases included, in its order. */
export const sourcesOf = (recipe: Recipe): readonly RecipeSource[] => [
  ...slicesOf(recipe).flatMap(({ sources, base }) => (base === null ? sources : [...sources, base])),
  ...(recipe.base === null ? [] : [recipe.base]),
];
