import { isRecord, type JsonObject } from './json-record.js';
import { type ConfigPath, layerCountPaths } from './layer-counts.js';

/** Where a layer of the output comes from: layer `index` of a model with this config.json, of `layers` in all. */
export type LayerOrigin = { readonly config: JsonObject | null; readonly layers: number; readonly index: number };

type Json = Record<string, unknown>;

/** Lists that are no lists of layers, however long they happen to be. */
const otherLists = /factor|token|architectures|_ids$|languages|mean$|std$|bins|label|size_list|channels/i;

/** Keys whose lists hold the numbers of some layers. */
const layerNumbers =
  /^(mlp_only_layers|cross_attention_layers|full_attn_idxs|attn_layer_indices|global_attn_layers|moe_layers|dense_layers)$/;

const valueAt = (config: unknown, path: ConfigPath): unknown =>
  path.reduce<unknown>((value, key) => (isRecord(value) ? value[key] : undefined), config);

const isWholeNumbers = (list: readonly unknown[]): list is readonly number[] => list.every(Number.isInteger);

/** One entry per layer of the output, each from the layer's own model where that has the list, else from the donor's. */
const restackList = (own: ArrayLike<unknown>, path: ConfigPath, origins: readonly LayerOrigin[]): unknown[] =>
  origins.map(({ config, layers, index }) => {
    const theirs = valueAt(config, path);
    const list = Array.isArray(theirs) || typeof theirs === 'string' ? theirs : own;
    return list.length === layers ? list[index] : own[Math.min(index, own.length - 1)];
  });

const renumber = (own: readonly number[], path: ConfigPath, origins: readonly LayerOrigin[]): number[] =>
  origins.flatMap(({ config, index }, layer) => {
    const theirs = valueAt(config, path);
    return (Array.isArray(theirs) ? theirs : own).includes(index) ? [layer] : [];
  });

const restackValue = (
  key: string,
  value: unknown,
  path: ConfigPath,
  layers: number,
  origins: readonly LayerOrigin[],
): unknown => {
  if (Array.isArray(value)) {
    if (layerNumbers.test(key) && isWholeNumbers(value)) return renumber(value, path, origins);
    return value.length === layers && !otherLists.test(key) ? restackList(value, path, origins) : value;
  }
  if (typeof value === 'string' && /pattern$/.test(key) && value.length === layers) {
    return restackList(value, path, origins).join('');
  }
  if (key === 'first_k_dense_replace' && typeof value === 'number') {
    const moe = origins.findIndex(({ config, index }) => index >= Number(valueAt(config, path) ?? value));
    return moe === -1 ? origins.length : moe;
  }
  return isRecord(value) && !/_config$/.test(key) ? restackObject(value, path, layers, origins) : value;
};

const restackObject = (object: JsonObject, path: ConfigPath, layers: number, origins: readonly LayerOrigin[]): Json =>
  Object.fromEntries(
    Object.entries(object).map(([key, value]) => [key, restackValue(key, value, [...path, key], layers, origins)]),
  );

const setAt = (config: JsonObject, [key = '', ...rest]: ConfigPath, value: unknown): Json => ({
  ...config,
  [key]: rest.length === 0 ? value : setAt(isRecord(config[key]) ? config[key] : {}, rest, value),
});

/** config.json with a stack of `layers` layers replaced by `origins`: the count and every entry that is kept per layer. */
export const restackConfig = (config: Json, stack: string, layers: number, origins: readonly LayerOrigin[]): Json => {
  const counts = layerCountPaths(config, stack, layers);
  const sections = new Set(counts.map((path) => path.slice(0, -1).join('.')));
  let updated: Json = config;
  for (const name of sections) {
    const path = name === '' ? [] : name.split('.');
    const section = valueAt(updated, path);
    if (!isRecord(section)) continue;
    const restacked = restackObject(section, path, layers, origins);
    updated = path.length === 0 ? restacked : setAt(updated, path, restacked);
  }
  for (const path of counts) updated = setAt(updated, path, origins.length);
  return updated;
};
