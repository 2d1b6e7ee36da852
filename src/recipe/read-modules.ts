import type { SearchFolders } from '../hub/reference.js';
import type { YamlPath } from '../yaml.js';
import { readModels, readSlices } from './read-sources.js';
import { invalid, isAbsent, isMapping, type Mapping, type Reading, readMapping, report } from './reading.js';
import type { RecipeModule } from './recipe.js';
import { readSettings } from './setting.js';

const isThere = (value: unknown): boolean => !isAbsent(value) && !(Array.isArray(value) && value.length === 0);

/** The one of `forms` that `mapping` uses, or undefined where it uses none or several, which is reported. */
const formOf = <Form extends string>(
  reading: Reading,
  mapping: Mapping,
  path: YamlPath,
  forms: readonly Form[],
): Form | undefined => {
  const [form, second] = forms.filter((name) => isThere(mapping[name]));
  const all = forms.map((name) => `\`${name}\``).join(', ');
  if (form === undefined) {
    const empty = forms.find((name) => name in mapping);
    const message = empty === undefined ? `nothing to merge: one of ${all} is needed` : `\`${empty}\` is empty`;
    const hint = 'list the models, as in `models: [{ model: … }]`';
    return report(reading, empty === undefined ? path : [...path, empty], { code: 'models-missing', message, hint });
  }
  if (second === undefined) return form;
  const message = `\`${form}\` and \`${second}\` exclude each other`;
  const hint = `keep one of ${all}`;
  report(reading, [...path, second], { code: 'several-forms', message, hint }, 'key');
  return undefined;
};

const readModule = (
  reading: Reading,
  mapping: Mapping,
  path: YamlPath,
  folders: SearchFolders,
  name: string | null,
): RecipeModule[] => {
  const forms = name === null ? (['models', 'slices', 'modules'] as const) : (['models', 'slices'] as const);
  const form = formOf(reading, mapping, path, forms);
  if (form === undefined) return [];
  const at = [...path, form];
  if (form === 'modules') return readNamedModules(reading, mapping.modules, at, folders);
  const slices =
    form === 'models'
      ? [readModels(reading, mapping.models, at, folders)]
      : readSlices(reading, mapping.slices, at, folders);
  const parameters = name === null ? {} : readSettings(reading, mapping.parameters, [...path, 'parameters']);
  return [{ name, form, slices, parameters, path: at }];
};

const readNamedModules = (reading: Reading, value: unknown, path: YamlPath, folders: SearchFolders): RecipeModule[] => {
  if (!isMapping(value)) {
    invalid(reading, path, 'expected a mapping of module names to `{slices}` or `{models}`');
    return [];
  }
  return Object.entries(value).flatMap(([name, written]) => {
    const known = ['slices', 'models', 'parameters'];
    const mapping = readMapping(reading, written, [...path, name], { what: 'a module such as `{slices}`', known });
    return mapping === undefined ? [] : readModule(reading, mapping, [...path, name], folders, name);
  });
};

/** What is merged: `models`, `slices` or `modules`, exactly one of them. */
export const readModules = (reading: Reading, recipe: Mapping, folders: SearchFolders): readonly RecipeModule[] =>
  readModule(reading, recipe, [], folders, null);
