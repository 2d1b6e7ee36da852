import type { ModelReference } from '../hub/reference.js';
import type { MethodName } from '../protocol/methods.js';
import type { Dtype } from '../protocol/plan.js';
import type { YamlPath, YamlSource } from '../yaml.js';

/** A scalar for every layer, or a gradient along the layers. */
export type SettingValue = number | boolean | readonly number[] | readonly boolean[];

/** A parameter as written: the first entry whose filter is part of the tensor's name applies; null matches every name. */
export type Setting = {
  readonly entries: readonly {
    readonly filter: string | null;
    readonly value: SettingValue;
    readonly path: YamlPath;
  }[];
  readonly path: YamlPath;
};

/** Parameters by name. */
export type Settings = Readonly<Record<string, Setting>>;

export type RecipeModel = {
  readonly reference: ModelReference;
  readonly parameters: Settings;
  readonly path: YamlPath;
};

/** The one internal form that every dialect is lowered to. */
export type Recipe = {
  readonly dialect: 'mergekit' | 'starter-kit';
  readonly source: YamlSource;
  /** Null when the recipe names no known method; the faults say so. */
  readonly method: MethodName | null;
  /** In the order written; the base is among them only when the recipe lists it. */
  readonly models: readonly RecipeModel[];
  readonly base: RecipeModel | null;
  /** Parameters for all models. */
  readonly parameters: Settings;
  /** Null: the common type of the inputs. */
  readonly outputDtype: Dtype | null;
  /** The model that an adapter folder listed by itself is applied to; null where that is not allowed. */
  readonly adapterBase: ModelReference | null;
};
