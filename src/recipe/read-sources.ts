import type { SearchFolders } from '../hub/reference.js';
import { methodNames, methodSpec } from '../protocol/methods.js';
import type { YamlPath } from '../yaml.js';
import { readLayerRange } from './layer-range.js';
import { isAbsent, isMapping, type Misplaced, type Reading, readList, readMapping, report } from './reading.js';
import type { RecipeSlice, RecipeSource } from './recipe.js';
import { readSettings } from './setting.js';
import { readReference } from './written-reference.js';

/** Every parameter of every method. */
const parameterNames = new Set(
  methodNames.flatMap((name) => {
    const { shared, perInput } = methodSpec(name);
    return [...Object.keys(shared), ...Object.keys(perInput)];
  }),
);

/** A parameter that stands where only `parameters` may hold it. */
export const misplacedParameter: Misplaced = (key) =>
  parameterNames.has(key)
    ? {
        message: `\`${key}\` is a parameter: it counts only under \`parameters\``,
        hint: `write \`parameters: { ${key}: … }\``,
      }
    : undefined;

const misplacedInModel: Misplaced = (key) =>
  key === 'layer_range'
    ? {
        message: '`layer_range` counts only in the sources of a slice; under `models` whole models are merged',
        hint: 'write `slices: [{ sources: [{ model: …, layer_range: … }] }]`',
      }
    : misplacedParameter(key);

const misplacedInSlice: Misplaced = (key) =>
  key === 'layer_range' || key === 'model'
    ? { message: `\`${key}\` counts only in the \`sources\` of a slice`, hint: `move it below \`sources\`` }
    : misplacedParameter(key);

type Kind = {
  readonly what: string;
  readonly known: readonly string[];
  readonly misplaced: Misplaced;
};

const modelEntry: Kind = {
  what: 'an entry such as `{model, parameters}`',
  known: ['model', 'parameters'],
  misplaced: misplacedInModel,
};

const sliceEntry: Kind = {
  what: 'an entry such as `{model, layer_range}`',
  known: ['model', 'layer_range', 'parameters'],
  misplaced: misplacedParameter,
};

const readSource = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
  kind: Kind,
): RecipeSource | undefined => {
  const entry = readMapping(reading, value, path, kind);
  if (entry === undefined) return undefined;
  const parameters = readSettings(reading, entry.parameters, [...path, 'parameters']);
  const layers = kind.known.includes('layer_range')
    ? readLayerRange(reading, entry.layer_range, [...path, 'layer_range'])
    : null;
  const written = readReference(reading, entry.model, [...path, 'model'], folders);
  if (written === undefined || layers === undefined) return undefined;
  return { ...written, parameters, layers, path: [...path, 'model'] };
};

const readEntries = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
  kind: Kind,
): Pick<RecipeSlice, 'sources' | 'complete'> => {
  const written = readList(reading, value, path, 'a list of models');
  const sources = written.flatMap((entry, index) => readSource(reading, entry, [...path, index], folders, kind) ?? []);
  return { sources, complete: sources.length === written.length && (isAbsent(value) || Array.isArray(value)) };
};

/** `models:` as the one slice of whole models that it stands for. */
export const readModels = (reading: Reading, value: unknown, path: YamlPath, folders: SearchFolders): RecipeSlice => ({
  ...readEntries(reading, value, path, folders, modelEntry),
  base: null,
  parameters: {},
  path,
});

/** A base model, global or of one slice. */
export const readBase = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): RecipeSource | null => {
  if (isAbsent(value)) return null;
  const written = readReference(reading, value, path, folders);
  return written === undefined ? null : { ...written, parameters: {}, layers: null, path };
};

const readSlice = (reading: Reading, value: unknown, path: YamlPath, folders: SearchFolders): RecipeSlice => {
  const known = ['sources', 'base_model', 'residual_weight', 'parameters'];
  const what = 'a slice such as `{sources: [{model, layer_range}]}`';
  const slice = readMapping(reading, value, path, { what, known, misplaced: misplacedInSlice }) ?? {};
  const entries = readEntries(reading, slice.sources, [...path, 'sources'], folders, sliceEntry);
  if (isMapping(value) && entries.complete && entries.sources.length === 0) {
    const at = 'sources' in slice ? [...path, 'sources'] : path;
    report(reading, at, {
      code: 'sources-missing',
      message: 'the slice has no sources',
      hint: 'name at least one model',
    });
  }
  if (!isAbsent(slice.residual_weight)) {
    const message = '`residual_weight` has no effect, here as in mergekit';
    report(reading, [...path, 'residual_weight'], { severity: 'warning', code: 'no-effect', message }, 'key');
  }
  return {
    ...entries,
    complete: entries.complete && entries.sources.length > 0,
    base: readBase(reading, slice.base_model, [...path, 'base_model'], folders),
    parameters: readSettings(reading, slice.parameters, [...path, 'parameters']),
    path,
  };
};

/** `slices:`, in the order in which they are stacked. */
export const readSlices = (
  reading: Reading,
  value: unknown,
  path: YamlPath,
  folders: SearchFolders,
): readonly RecipeSlice[] =>
  readList(reading, value, path, 'a list of slices').map((slice, index) =>
    readSlice(reading, slice, [...path, index], folders),
  );
