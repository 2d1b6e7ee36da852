import { exitCodes, UserError } from '../errors.js';
import type { InputFile } from '../protocol/plan.js';
import { refuseOtherKinds, scaleOf, unsupportedAdapter } from './adapter-config.js';
import { readOptionalJson } from './checkpoint.js';
import type { ModelFiles } from './model-files.js';
import type { HeaderEntries, HeaderEntry } from './safetensors-header.js';

export type LoraPair = {
  readonly a: HeaderEntry;
  readonly b: HeaderEntry;
  readonly scale: number;
  readonly transposed: boolean;
};

/** A LoRA adapter: one update per weight of the base, by the weight's name. */
export type Adapter = {
  readonly path: string;
  readonly file: InputFile;
  readonly updates: ReadonlyMap<string, LoraPair>;
};

const configName = 'adapter_config.json';
const weightsName = 'adapter_model.safetensors';

/** The files that make an adapter. */
export const adapterNames: readonly string[] = [configName, weightsName];

export const isAdapter = ({ names }: ModelFiles): boolean => names.includes(configName);

const noAdapter = ({ name, names }: ModelFiles): UserError => {
  const pickled = names.includes('adapter_model.bin');
  const missing = names.includes(configName) ? weightsName : configName;
  return new UserError({
    code: 'no-adapter',
    message: `${name} is not a LoRA adapter: it lacks ${missing}${pickled ? ', and adapter_model.bin is not read' : ''}`,
    hint: pickled ? 'load it with peft and save it again as safetensors' : undefined,
    exitCode: exitCodes.notFound,
  });
};

/** Two factors of one weight: A of shape [rank, in], B of shape [out, rank]. */
const pairOf = (folder: string, entries: HeaderEntries, name: string, a: HeaderEntry) => {
  const module = /^(?:base_model\.model\.)?(.+)\.lora_A(?:\.default)?\.weight$/.exec(name)?.[1];
  if (module === undefined) {
    throw unsupportedAdapter(folder, `holds \`${name}\`, which is not a LoRA factor of a linear layer`);
  }
  const b = entries.get(name.replace(/\.lora_A((?:\.default)?\.weight)$/, '.lora_B$1'));
  const rank = a.shape[0] ?? 0;
  if (b === undefined || rank === 0 || a.shape.length !== 2 || b.shape.length !== 2 || b.shape[1] !== rank) {
    throw unsupportedAdapter(folder, `has factors of ${module} that do not fit each other`);
  }
  return { module, a, b, rank };
};

/** Opens an adapter in PEFT's form: config and header only. */
export const openAdapter = async (files: ModelFiles): Promise<Adapter> => {
  const { name: adapter, path, names } = files;
  const config = await readOptionalJson(files, configName);
  if (config === null || !names.includes(weightsName)) throw noAdapter(files);
  refuseOtherKinds(adapter, config);
  const { file, entries } = await files.readHeader(weightsName);
  const updates = new Map<string, LoraPair>();
  let used = 0;
  for (const [tensor, factor] of entries) {
    if (/\.lora_B(?:\.default)?\.weight$/.test(tensor)) continue;
    const { module, a, b, rank } = pairOf(adapter, entries, tensor, factor);
    const scale = scaleOf(adapter, config, module, rank);
    updates.set(`${module}.weight`, { a, b, scale, transposed: config.fan_in_fan_out === true });
    used += 2;
  }
  if (used !== entries.size || updates.size * 2 !== used) {
    throw unsupportedAdapter(adapter, 'holds a factor B without its A, or two updates of one weight');
  }
  return { path, file, updates };
};
