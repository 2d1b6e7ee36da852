import { type Command, Option } from 'commander';
import type { PlanOptions } from '../plan/build.js';
import type { AdapterMerge } from '../recipe/recipe.js';
import { bytes, whole } from './flags.js';

/** Flags that change what is merged. */
export type PlanningFlags = {
  readonly seed: number;
  readonly randomSeed?: number;
  readonly shardSize?: number;
  readonly outShardSize?: number;
  readonly onMismatch?: PlanOptions['onMismatch'];
  readonly allowCrimes?: boolean;
  readonly unsafeTruncateEmbeddings?: boolean;
  readonly allowUnknown?: boolean;
  readonly copyTokenizer?: boolean;
  readonly writeModelCard?: boolean;
  readonly adapterMode?: AdapterMerge['mode'];
  readonly adapterOutput?: AdapterMerge['output'];
  readonly adapterRank?: number;
  readonly adapterPadding?: AdapterMerge['padding'];
  /** A Hub cache instead of the usual one. */
  readonly transformersCache?: string;
};

/** Adds the flags that change a plan besides its recipe, under our names and mergekit's. */
export const planFlags = (command: Command): Command =>
  command
    .option('--seed <n>', 'key of random masks (DARE, DELLA)', whole(0), 0)
    .addOption(new Option('--random-seed <n>', 'the same as --seed').argParser(whole(0)).hideHelp())
    .option('--shard-size <size>', 'most bytes of one output file (default 5GB)', bytes)
    .addOption(new Option('--out-shard-size <size>', 'the same as --shard-size; 5B means 5 GB').argParser(bytes))
    .addOption(
      new Option('--on-mismatch <what>', 'tensors of different shapes: refuse, keep the base, or fill up with zeros')
        .choices(['error', 'skip', 'pad'])
        .default('error'),
    )
    .option('--allow-crimes', 'merge models of different architectures')
    .option('--no-allow-crimes')
    .option('--unsafe-truncate-embeddings', 'cut embeddings to the smallest vocabulary')
    .option('--no-unsafe-truncate-embeddings')
    .option('--allow-unknown', 'unknown keys and parameters are warnings')
    .option('--copy-tokenizer', 'copy the tokenizer into the output (default)')
    .option('--no-copy-tokenizer', 'write no tokenizer')
    .option('--write-model-card', 'write README.md and the recipe (default)')
    .option('--no-write-model-card', 'write neither')
    .addOption(
      new Option('--adapter-mode <mode>', 'how adapters of one model are merged with each other').choices([
        'delta',
        'factor',
        'concat',
        'core',
        'svd',
      ]),
    )
    .addOption(
      new Option('--adapter-output <what>', 'a whole model, or an adapter again').choices(['merged', 'adapter']),
    )
    .option('--adapter-rank <n>', 'rank of the merged adapter', whole(1))
    .addOption(
      new Option('--adapter-padding <where>', 'where `factor` puts zeros beside smaller factors').choices([
        'back',
        'front',
      ]),
    )
    .option('--transformers-cache <dir>', 'Hub cache to read and fill instead of the usual one');

const adapterOptions = ({ adapterMode, adapterOutput, adapterRank, adapterPadding }: PlanningFlags) => ({
  ...(adapterMode === undefined ? {} : { mode: adapterMode }),
  ...(adapterOutput === undefined ? {} : { output: adapterOutput }),
  ...(adapterRank === undefined ? {} : { rank: adapterRank }),
  ...(adapterPadding === undefined ? {} : { padding: adapterPadding }),
});

/** The planner's options. */
export const planOptions = (flags: PlanningFlags): PlanOptions => ({
  seed: flags.randomSeed ?? flags.seed,
  shardBytes: flags.outShardSize ?? flags.shardSize,
  onMismatch: flags.onMismatch,
  allowCrimes: flags.allowCrimes,
  truncateEmbeddings: flags.unsafeTruncateEmbeddings,
  allowUnknown: flags.allowUnknown,
  copyTokenizer: flags.copyTokenizer,
  modelCard: flags.writeModelCard,
  adapters: adapterOptions(flags),
});

/** The environment with the cache that the flags name. */
export const hubEnvironment = (env: NodeJS.ProcessEnv, { transformersCache }: PlanningFlags): NodeJS.ProcessEnv =>
  transformersCache === undefined ? env : { ...env, HF_HUB_CACHE: transformersCache };
