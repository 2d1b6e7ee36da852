import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';

type Config = Readonly<Record<string, unknown>>;

export const unsupportedAdapter = (folder: string, what: string): UserError =>
  new UserError({
    code: 'unsupported-adapter',
    message: `the adapter ${folder} ${printable(what).slice(0, 300)}`,
    hint: 'merge it into its base with peft first, and list the result as a model',
    exitCode: exitCodes.incompatible,
  });

/** Initialisations that also change the base's weights, so that the factors alone do not say what was trained. */
const changesBase = /^(pissa|olora|corda|loftq|lora_ga)/i;

/** Settings of other updates than `W + scale * B A`, and what they ask for. */
const otherUpdates: Readonly<Record<string, string>> = {
  lora_bias: 'trains biases',
  layer_replication: 'repeats layers of its base',
  trainable_token_indices: 'trains single tokens',
  target_parameters: 'updates parameters that are not weights of a module',
  use_qalora: 'uses QALoRA',
  use_bdlora: 'uses block-diagonal LoRA',
  alora_invocation_tokens: 'is an activated LoRA, which is only at work after certain tokens',
  arrow_config: 'chooses among other adapters while it runs',
  monteclora_config: 'uses MonteCLoRA',
  kasa_config: 'uses KaSA, which changes the base',
};

const isPresent = (value: unknown): boolean =>
  Array.isArray(value) ? value.length > 0 : value !== undefined && value !== null && value !== false;

/** Refuses kinds of adapter that are neither LoRA nor DoRA, by the setting that asks for them. */
export const refuseOtherKinds = (folder: string, config: Config): void => {
  const refuse = (what: string) => {
    throw unsupportedAdapter(folder, what);
  };
  if (config.peft_type !== 'LORA') refuse(`is of the kind ${JSON.stringify(config.peft_type)}, not LORA`);
  for (const [setting, what] of Object.entries(otherUpdates)) if (isPresent(config[setting])) refuse(what);
  if (isPresent(config.bias) && config.bias !== 'none') refuse('trains biases');
  const start = config.init_lora_weights;
  if (typeof start === 'string' && changesBase.test(start)) refuse(`was begun with ${start}, which changes the base`);
};

/** Whether peft applies the pattern `key` to `module`: it matches the whole name, or its end after a dot. */
const patternMatches = (folder: string, key: string, module: string): boolean => {
  if (/^[\w.]+$/.test(key)) return module === key || module.endsWith(`.${key}`);
  // A repeated group could take for ever on a name that nearly matches.
  if (key.length > 200 || /\)\s*[*+{]/.test(key)) throw unsupportedAdapter(folder, `has the pattern ${key}`);
  try {
    return new RegExp(`^(?:.*\\.)?(?:${key})$`).test(module);
  } catch {
    throw unsupportedAdapter(folder, `has the pattern ${key}, which is not a regular expression`);
  }
};

/** alpha / r, or alpha / sqrt(r) for rsLoRA (Kalajdzievski 2023), with the module's own alpha where a pattern gives one. */
export const scaleOf = (folder: string, config: Config, module: string, rank: number): number => {
  const patterns = Object.entries(config.alpha_pattern ?? {});
  const [, own] = patterns.find(([key]) => patternMatches(folder, key, module)) ?? [];
  const alpha = own ?? config.lora_alpha;
  if (typeof alpha !== 'number' || !Number.isFinite(alpha)) {
    throw unsupportedAdapter(folder, `has no \`lora_alpha\` for ${module}`);
  }
  return config.use_rslora === true ? alpha / Math.sqrt(rank) : alpha / rank;
};
