import { z } from 'zod';
import { type AdapterMerge, defaultAdapterMerge, type KitSettings } from './recipe.js';

const RepositoryAndRevision = z
  .array(z.string({ error: 'expected text' }).nullable(), { error: 'expected `[model, revision]`' })
  .min(1)
  .max(2, { error: 'expected `[model, revision]`' });

const oneOf = <const Words extends readonly [string, ...string[]]>(words: Words) =>
  z.enum(words, {
    error: `expected ${words
      .map((word) => `\`${word}\``)
      .join(', ')
      .replace(/, ([^,]*)$/, ' or $1')}`,
  });

const whole = (what: string) => z.int({ error: what }).min(1, { error: what }).nullish();

/** A config of the kit. The keys from `merge_method` on are ours. */
export const StarterKitConfig = z.strictObject({
  list_models: z.array(RepositoryAndRevision, { error: 'expected a list of `[model, revision]`' }).min(1),
  base_model_name: z.string({ error: 'expected the model that everything starts from' }),
  base_model_revision_id: z.string().nullish(),
  architecture: oneOf(['decoder', 'encoder_decoder']).nullish(),
  parameter_lambdas: z
    .array(z.number({ error: 'expected a number' }), { error: 'expected a list of numbers' })
    .nullish(),
  max_seq_len: whole('expected a number of tokens'),
  max_gen_len: whole('expected a number of tokens'),
  is_peft: z.boolean({ error: 'expected `true` or `false`' }).nullish(),
  merge_method: z.string().nullish(),
  parameters: z.unknown().optional(),
  adapter_mode: oneOf(['delta', 'factor', 'concat', 'core', 'svd']).nullish(),
  adapter_output: oneOf(['merged', 'adapter']).nullish(),
  adapter_rank: whole('expected a whole number of at least 1'),
  adapter_padding: oneOf(['back', 'front']).nullish(),
  tasks: z.array(z.string({ error: 'expected the name of a task' }), { error: 'expected a list of tasks' }).nullish(),
});
export type StarterKitConfig = z.infer<typeof StarterKitConfig>;

export const adaptersOf = (config: StarterKitConfig): AdapterMerge => ({
  mode: config.adapter_mode ?? defaultAdapterMerge.mode,
  output: config.adapter_output ?? defaultAdapterMerge.output,
  rank: config.adapter_rank ?? defaultAdapterMerge.rank,
  padding: config.adapter_padding ?? defaultAdapterMerge.padding,
});

export const settingsOf = (config: StarterKitConfig): KitSettings => ({
  architecture: config.architecture ?? null,
  isPeft: config.is_peft ?? null,
  maxSequenceLength: config.max_seq_len ?? null,
  maxGenerationLength: config.max_gen_len ?? null,
  tasks: config.tasks ?? [],
});
