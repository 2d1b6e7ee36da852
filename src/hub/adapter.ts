import { exitCodes, UserError } from '../errors.js';
import type { InputFile } from '../protocol/plan.js';
import { refuseOtherKinds, scaleOf, unsupportedAdapter } from './adapter-config.js';
import { readAdapterTensors } from './adapter-tensors.js';
import { readOptionalJson } from './checkpoint.js';
import type { ModelFiles } from './model-files.js';
import type { HeaderEntry } from './safetensors-header.js';

/** Two factors of one weight's update: A of shape [rank, in], B of shape [out, rank]. */
export type LoraPair = {
  readonly a: HeaderEntry;
  readonly b: HeaderEntry;
  readonly scale: number;
  /** The weight is stored as [in, out], as those of embeddings are. */
  readonly transposed: boolean;
  /** Of an embedding, whose factors peft calls otherwise. */
  readonly isEmbedding: boolean;
  /** DoRA's norms of shape [out], or null. */
  readonly magnitude: HeaderEntry | null;
};

/** A LoRA adapter: what it adds to weights of the base and what it puts in place of others, by the weights' names. */
export type Adapter = {
  readonly path: string;
  readonly file: InputFile;
  /** adapter_config.json. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly updates: ReadonlyMap<string, LoraPair>;
  readonly replacements: ReadonlyMap<string, HeaderEntry>;
  /** Replacements that peft stored beside an update because of the update: usually what the base has. */
  readonly baseLayers: ReadonlySet<string>;
};

const configName = 'adapter_config.json';

/** Names of an adapter's weights, the first found being read. */
const weightsNames = ['adapter_model.safetensors', 'adapter_model.bin'] as const;

const weightsOf = (names: readonly string[]): string | undefined => weightsNames.find((name) => names.includes(name));

/** The files that make an adapter, going by what is there. */
export const adapterNames = (names: readonly string[]): readonly string[] => [
  configName,
  weightsOf(names) ?? weightsNames[0],
];

export const isAdapter = ({ names }: ModelFiles): boolean => names.includes(configName);

const noAdapter = ({ name, names }: ModelFiles): UserError =>
  new UserError({
    code: 'no-adapter',
    message: `${name} is not a LoRA adapter: it lacks ${adapterNames(names).find((needed) => !names.includes(needed))}`,
    exitCode: exitCodes.notFound,
  });

/** The modules that the config says are saved whole; peft adds names that a model need not have, so one is enough. */
const checkSavedModules = (folder: string, wanted: unknown, replaced: Iterable<string>): void => {
  const modules = Array.isArray(wanted) ? wanted.map(String) : [];
  const names = [...replaced].map((name) => `.${name}`);
  if (modules.length === 0 || modules.some((module) => names.some((name) => name.includes(`.${module}.`)))) return;
  throw unsupportedAdapter(folder, `replaces whole modules (${modules.join(', ')}), but holds none of them`);
};

/** Opens an adapter in PEFT's form: config and header only. */
export const openAdapter = async (files: ModelFiles): Promise<Adapter> => {
  const { name: folder, path, names } = files;
  const config = await readOptionalJson(files, configName);
  const weights = weightsOf(names);
  if (config === null || weights === undefined) throw noAdapter(files);
  refuseOtherKinds(folder, config);
  const { file, entries } = await files.readHeader(weights);
  const { factors, replacements, baseLayers } = readAdapterTensors(folder, entries);
  const updates = new Map<string, LoraPair>();
  for (const [module, { a, b, magnitude, isEmbedding }] of factors) {
    if ((magnitude !== null) !== (config.use_dora === true)) {
      throw unsupportedAdapter(
        folder,
        `${magnitude === null ? 'lacks' : 'has'} a magnitude of ${module}, against its config`,
      );
    }
    const scale = scaleOf(folder, config, module, a.shape[0] ?? 0);
    const transposed = isEmbedding || config.fan_in_fan_out === true;
    updates.set(`${module}.weight`, { a, b, scale, transposed, isEmbedding, magnitude });
  }
  checkSavedModules(folder, config.modules_to_save, replacements.keys());
  return { path, file, config, updates, replacements, baseLayers };
};
