import type { Fault } from '../fault.js';
import type { SearchFolders } from '../hub/reference.js';
import { suggestion } from '../nearest.js';
import { MethodName, methodNames } from '../protocol/methods.js';
import { readDtype } from './read-dtype.js';
import { readModules } from './read-modules.js';
import { misplacedParameter, readBase } from './read-sources.js';
import { type Mapping, type Reading, readMapping, readText, report } from './reading.js';
import { defaultAdapterMerge, type Recipe } from './recipe.js';
import { readSettings } from './setting.js';
import { readTokenizerRequest } from './tokenizer-request.js';

const keys = [
  ...['merge_method', 'models', 'slices', 'modules', 'base_model', 'parameters', 'dtype', 'out_dtype'],
  ...['tokenizer_source', 'tokenizer', 'chat_template'],
];

const readMethod = (reading: Reading, { merge_method: written }: Mapping): MethodName | null => {
  const text = readText(reading, written, ['merge_method'], 'the name of a merge method');
  if (text === undefined) {
    if (written === undefined || written === null) {
      const hint = `one of: ${methodNames.join(', ')}`;
      report(reading, [], { code: 'method-missing', message: '`merge_method` is missing', hint });
    }
    return null;
  }
  const method = MethodName.safeParse(text);
  if (method.success) return method.data;
  const hint = suggestion(text, methodNames);
  report(reading, ['merge_method'], { code: 'unknown-method', message: `unknown merge method \`${text}\``, hint });
  return null;
};

/** Lowers a recipe in mergekit's dialect. */
export const lowerMergekit = (reading: Reading, folders: SearchFolders): { recipe: Recipe | null; faults: Fault[] } => {
  const { source, faults } = reading;
  const what = 'a recipe: a mapping with `merge_method` and `models`';
  const value = readMapping(reading, source.value, [], { what, known: keys, misplaced: misplacedParameter });
  if (value === undefined) return { recipe: null, faults };
  const inputDtype = readDtype(reading, value.dtype, ['dtype']);
  const template = readText(reading, value.chat_template, ['chat_template'], 'a chat template, as text');
  const recipe: Recipe = {
    dialect: 'mergekit',
    source,
    method: readMethod(reading, value),
    modules: readModules(reading, value, folders),
    base: readBase(reading, value.base_model, ['base_model'], folders),
    parameters: readSettings(reading, value.parameters, ['parameters']),
    outputDtype: readDtype(reading, value.out_dtype, ['out_dtype']) ?? inputDtype,
    tokenizer: readTokenizerRequest(reading, value, folders),
    chatTemplate: template === undefined ? null : { text: template, path: ['chat_template'] },
    adapterBase: null,
    adapters: defaultAdapterMerge,
    kit: null,
  };
  return { recipe, faults };
};
