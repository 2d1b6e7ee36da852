import type { Fault } from '../fault.js';
import { suggestion } from '../nearest.js';
import type { ParameterSpec } from '../protocol/method-spec.js';
import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { YamlSource } from '../yaml.js';
import { coerce } from './coerce.js';
import { type Recipe, type Setting, type SettingEntry, type Settings, slicesOf } from './recipe.js';

const scalarsOf = ({ value }: SettingEntry) => (typeof value === 'object' ? value : [value]);

const checkValues = (source: YamlSource, name: string, setting: Setting, spec: ParameterSpec): Fault[] =>
  setting.entries.flatMap((entry) => {
    const scalars = scalarsOf(entry);
    const refuse = (message: string): Fault =>
      source.faultAt(entry.path, { code: 'invalid-parameter', message, hint: `${name}: ${spec.meaning}` });
    const wrong = scalars.flatMap((scalar) => {
      const coerced = coerce(scalar, spec);
      if (typeof coerced !== 'object') return [];
      return [refuse(`\`${name}\` is ${JSON.stringify(scalar)}; expected ${coerced.expected}`)];
    });
    const isGradient = spec.type === 'integer' && new Set(scalars).size > 1;
    return isGradient
      ? [...wrong, refuse(`\`${name}\` is a whole number and cannot change from layer to layer`)]
      : wrong;
  });

type Level = {
  readonly settings: Settings;
  /** Where it stands: settings of one source hold only parameters that each model has its own of. */
  readonly of: 'all' | 'source';
};

const seedNames = ['random_seed', 'seed'];

const hintFor = (name: string, allowed: readonly string[]): string | undefined => {
  if (seedNames.includes(name)) return 'the seed is a flag: `--seed`';
  return suggestion(name, allowed) ?? (allowed.length === 0 ? 'remove it' : undefined);
};

const checkLevel = (
  { source }: Recipe,
  method: MethodName,
  { settings, of }: Level,
  severity: Fault['severity'],
): Fault[] => {
  const { shared, perInput } = methodSpec(method);
  const allowed: Readonly<Record<string, ParameterSpec>> = of === 'all' ? { ...shared, ...perInput } : perInput;
  return Object.entries(settings).flatMap(([name, setting]) => {
    const spec = Object.hasOwn(allowed, name) ? allowed[name] : undefined;
    if (spec !== undefined) return checkValues(source, name, setting, spec);
    if (of === 'source' && Object.hasOwn(shared, name)) {
      const message = `\`${name}\` is a parameter of the whole merge, not of one model`;
      const hint = 'move it to the `parameters` at the top level';
      return [source.faultAt(setting.path, { severity, code: 'misplaced-parameter', message, hint }, 'key')];
    }
    const message = `${method} has no parameter \`${name}\``;
    const hint = hintFor(name, Object.keys(allowed));
    return [source.faultAt(setting.path, { severity, code: 'unknown-parameter', message, hint }, 'key')];
  });
};

/** Every level of a recipe that may hold parameters. */
const levelsOf = (recipe: Recipe): Level[] => [
  { settings: recipe.parameters, of: 'all' },
  ...recipe.modules.map(({ parameters }) => ({ settings: parameters, of: 'all' as const })),
  ...slicesOf(recipe).flatMap(({ parameters, sources }): Level[] => [
    { settings: parameters, of: 'all' },
    ...sources.map((source) => ({ settings: source.parameters, of: 'source' as const })),
  ]),
];

/** Faults of parameters that can be told without looking at a model; names that mean nothing are of `unknown` severity. */
export const checkParameters = (recipe: Recipe, unknown: Fault['severity'] = 'error'): Fault[] => {
  const { method } = recipe;
  return method === null ? [] : levelsOf(recipe).flatMap((level) => checkLevel(recipe, method, level, unknown));
};
