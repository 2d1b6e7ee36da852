import type { OpenedModel } from '../../hub/open-model.js';
import type { SideFile } from '../../protocol/plan.js';
import { adapterPrefix, type DraftedUpdate, moduleOf } from './draft-updates.js';

/** Settings that say what an adapter belongs to, taken from the first adapter. */
const inherited = ['auto_mapping', 'task_type', 'base_model_name_or_path', 'revision'];

const lastName = (module: string): string => module.slice(module.lastIndexOf('.') + 1);

/** The commonest value, and the modules that have another. */
const withExceptions = (values: ReadonlyMap<string, number>): { common: number; others: Record<string, number> } => {
  const counts = new Map<number, number>();
  for (const value of values.values()) counts.set(value, (counts.get(value) ?? 0) + 1);
  const common = [...counts].sort(([, a], [, b]) => b - a)[0]?.[0] ?? 1;
  return { common, others: Object.fromEntries([...values].filter(([, value]) => value !== common)) };
};

/** alpha such that peft's alpha / r is the scale. */
const alphaOf = (scale: number, rank: number): number => {
  const alpha = scale * rank;
  return Math.abs(alpha - Math.round(alpha)) < 1e-9 * Math.abs(alpha) ? Math.round(alpha) : alpha;
};

/** Names of the updated modules for peft: their last parts where these name no other matrix of the base. */
const targetsOf = (modules: readonly string[], { checkpoint }: OpenedModel): string[] => {
  const wanted = new Set(modules);
  const last = new Set(modules.map(lastName));
  const matrices = [...checkpoint.tensors].filter(([, { shape }]) => shape.length > 1).map(([name]) => moduleOf(name));
  const isPrecise = matrices.every((module) => !last.has(lastName(module)) || wanted.has(module));
  return (isPrecise ? [...last] : [...modules]).sort();
};

const placeOf = ({ reference: { model } }: OpenedModel): Record<string, unknown> =>
  model.kind === 'hub' ? { base_model_name_or_path: model.repository, revision: model.revision } : {};

export type AdapterOutput = {
  readonly updates: readonly DraftedUpdate[];
  /** Names of the weights that are stored whole, as the adapter's file has them. */
  readonly replaced: readonly string[];
  /** Models that take part; the first adapter among them says what the output belongs to. */
  readonly opened: readonly OpenedModel[];
};

/** adapter_config.json with which peft computes exactly the merged updates. */
export const adapterConfigFile = ({ updates, replaced, opened }: AdapterOutput): SideFile => {
  const first = opened.find(({ adapter }) => adapter !== null);
  const given = first?.adapter?.config ?? {};
  const modules = updates.map(({ step }) => moduleOf(step.tensor));
  const ranks = withExceptions(new Map(updates.map(({ step }, index) => [modules[index] ?? '', step.rank])));
  const alphas = withExceptions(
    new Map(updates.map(({ step }, index) => [modules[index] ?? '', alphaOf(step.scale, step.rank)])),
  );
  const saved = [...new Set(replaced.map((name) => lastName(moduleOf(name.slice(adapterPrefix.length)))))];
  const config = {
    peft_type: 'LORA',
    ...Object.fromEntries(inherited.flatMap((key) => (key in given ? [[key, given[key]]] : []))),
    ...(first === undefined ? {} : placeOf(first)),
    inference_mode: true,
    r: ranks.common,
    lora_alpha: alphas.common,
    rank_pattern: ranks.others,
    alpha_pattern: alphas.others,
    target_modules: first === undefined ? [] : targetsOf(modules, first),
    modules_to_save: saved.length === 0 ? null : saved.sort(),
    lora_dropout: 0,
    bias: 'none',
    fan_in_fan_out: given.fan_in_fan_out === true,
    init_lora_weights: true,
    use_rslora: false,
    use_dora: false,
  };
  return { name: 'adapter_config.json', source: null, text: `${JSON.stringify(config, null, 2)}\n` };
};
