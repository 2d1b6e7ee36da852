import { isRecord, type JsonObject } from './json-record.js';

/** Where config.json says how many layers a stack has: the keys that lead there. */
export type ConfigPath = readonly string[];

const countKeys = [
  ...['num_hidden_layers', 'n_layer', 'n_layers', 'num_layers', 'depth'],
  ...['encoder_layers', 'num_encoder_layers', 'decoder_layers', 'num_decoder_layers'],
];

const isVision = (name: string): boolean => /vis|image|patch/i.test(name);
const isAudio = (name: string): boolean => /audio|speech/i.test(name);

/** The parts of config.json that describe a stack: the root and every `*_config`. */
export const sectionsOf = (config: JsonObject): { readonly path: ConfigPath; readonly section: JsonObject }[] => [
  { path: [], section: config },
  ...Object.entries(config).flatMap(([key, section]) =>
    /(_config|^encoder|^decoder)$/.test(key) && isRecord(section) ? [{ path: [key], section }] : [],
  ),
];

const speaksOf = (section: string, stack: string): boolean =>
  isVision(section) === isVision(stack) && isAudio(section) === isAudio(stack);

/** In a model with an encoder and a decoder, a key that names one of them counts for that one alone. */
const fitsHalf = (key: string, stack: string, keys: readonly string[]): boolean => {
  if (stack.includes('decoder')) return key.includes('decoder') || !keys.some((other) => other.includes('decoder'));
  return !key.includes('decoder') || !stack.includes('encoder');
};

/** Paths of config.json whose value is the number of layers of the stack of that name. */
export const layerCountPaths = (config: JsonObject, stack: string, layers: number): ConfigPath[] => {
  const found = sectionsOf(config).flatMap(({ path, section }) => {
    const keys = countKeys.filter((key) => typeof section[key] === 'number');
    return keys
      .filter((key) => section[key] === layers && fitsHalf(key, stack, keys))
      .map((key): ConfigPath => [...path, key]);
  });
  const own = found.filter((path) => path.length > 1 && speaksOf(path[0] ?? '', stack));
  const root = found.filter((path) => path.length === 1);
  const others = isVision(stack) || isAudio(stack) ? [] : root;
  return own.length > 0 ? [...own, ...others] : root;
};

/** Layers that config.json counts where files hold a few more, as those that predict further tokens. */
export const cappedLayers = (config: JsonObject, stack: string, layers: number): number => {
  if (layerCountPaths(config, stack, layers).length > 0) return layers;
  const counted = [1, 2, 3, 4]
    .map((extra) => layers - extra)
    .find((count) => count > 0 && layerCountPaths(config, stack, count).length > 0);
  return counted ?? layers;
};
