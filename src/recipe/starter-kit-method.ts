import { basename } from 'node:path';
import { suggestion } from '../nearest.js';
import { type MethodName, methodNames } from '../protocol/methods.js';
import type { Reading } from './reading.js';
import { report } from './reading.js';

/** What the kit calls methods in its registered names. */
const kitMethods: Readonly<Record<string, MethodName>> = {
  avg: 'linear',
  slerp: 'slerp',
  ta: 'task_arithmetic',
  ties: 'ties',
  dare: 'dare_linear',
  dare_ties: 'dare_ties',
  ms: 'model_stock',
};

/** The method that a registered name or a file's name tells: `slerp_llama2`, `llama_avg`, `llama2_SLERP_V1.yaml`. */
export const methodByName = (name: string): MethodName | undefined => {
  const stem = basename(name).replace(/\.ya?ml$/, '');
  const [, word = ''] = /(?:^|[_-])(dare_ties|dare|ties|slerp|avg|ta|ms)(?=$|[_-])/i.exec(stem) ?? [];
  return kitMethods[word.toLowerCase()];
};

/** The method of a config: its `merge_method`, else what the registered name or the file's name tells. */
export const readKitMethod = (
  reading: Reading,
  written: string | null | undefined,
  registered: string | undefined,
): MethodName | null => {
  const { source } = reading;
  if (written) {
    const known = methodNames.find((name) => name === written);
    if (known !== undefined) return known;
    const hint = suggestion(written, methodNames);
    report(reading, ['merge_method'], { code: 'unknown-method', message: `unknown merge method \`${written}\``, hint });
    return null;
  }
  const told = methodByName(registered ?? '') ?? methodByName(source.file);
  if (told !== undefined) return told;
  const message = 'the file does not say which merge method to use';
  const hint = 'add `merge_method: slerp`, or give the file a name with the method in it, as slerp_llama2.yaml';
  report(reading, ['list_models'], { code: 'unknown-method', message, hint }, 'key');
  return null;
};
