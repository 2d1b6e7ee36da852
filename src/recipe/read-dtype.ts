import { suggestion } from '../nearest.js';
import type { Dtype } from '../protocol/plan.js';
import type { YamlPath } from '../yaml.js';
import { isAbsent, type Reading, readText, report } from './reading.js';

const dtypes: Readonly<Record<string, Dtype>> = { float64: 'F64', float32: 'F32', float16: 'F16', bfloat16: 'BF16' };

/** Names that people write and torch does not know. */
const shortNames: Readonly<Record<string, string>> = {
  ...{ bf16: 'bfloat16', fp16: 'float16', half: 'float16', fp32: 'float32', float: 'float32', fp64: 'float64' },
};

/** Reads the name of an element type, with or without `torch.`; null when there is none or it is wrong. */
export const readDtype = (reading: Reading, value: unknown, path: YamlPath): Dtype | null => {
  if (isAbsent(value)) return null;
  const written = readText(reading, value, path, 'the name of a type');
  if (written === undefined) return null;
  const name = written.replace(/^torch\./, '');
  if (Object.hasOwn(dtypes, name)) return dtypes[name] ?? null;
  if (name === 'int64') {
    const message = '`int64` would cut every weight to a whole number';
    report(reading, path, { code: 'integer-dtype', message, hint: `one of: ${Object.keys(dtypes).join(', ')}` });
    return null;
  }
  const short = Object.hasOwn(shortNames, name) ? shortNames[name] : undefined;
  const hint = short === undefined ? suggestion(name, Object.keys(dtypes)) : `did you mean \`${short}\`?`;
  report(reading, path, { code: 'unknown-dtype', message: `unknown type \`${written}\``, hint });
  return null;
};
