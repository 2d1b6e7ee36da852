import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { InputFile } from '../protocol/plan.js';
import { readOptionalJson } from './checkpoint.js';
import { type HeaderEntry, readSafetensorsHeader } from './safetensors-header.js';

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

const weightsName = 'adapter_model.safetensors';

export const isAdapterFolder = (folder: string): boolean => existsSync(join(folder, 'adapter_config.json'));

const unsupported = (folder: string, what: string): UserError =>
  new UserError({
    code: 'unsupported-adapter',
    message: `the adapter ${folder} ${what}`,
    hint: 'merge it into its base with peft first, and list the result as a model',
    exitCode: exitCodes.incompatible,
  });

/** Kinds of adapter that are not `W + scale * B A`, by the setting that asks for them. */
const refuseOtherKinds = (folder: string, config: Record<string, unknown>): void => {
  if (config.peft_type !== 'LORA')
    throw unsupported(folder, `is of the kind ${JSON.stringify(config.peft_type)}, not LORA`);
  if (config.use_dora === true) throw unsupported(folder, 'uses DoRA');
  if (Array.isArray(config.modules_to_save) && config.modules_to_save.length > 0) {
    throw unsupported(folder, `replaces whole modules (${config.modules_to_save.join(', ')})`);
  }
  if (typeof config.bias === 'string' && config.bias !== 'none') throw unsupported(folder, 'trains biases');
};

/** alpha / r, or alpha / sqrt(r) for rsLoRA (Kalajdzievski 2023); patterns match the end of the module's name as peft does. */
const scaleOf = (config: Record<string, unknown>, module: string, rank: number): number => {
  const patterns = Object.entries((config.alpha_pattern ?? {}) as Record<string, number>);
  const pattern = patterns.find(([name]) => new RegExp(`(.*\\.)?(${name})$`).test(module));
  const alpha = Number(pattern?.[1] ?? config.lora_alpha);
  return config.use_rslora === true ? alpha / Math.sqrt(rank) : alpha / rank;
};

/** Opens an adapter folder in PEFT's form: config and header only. */
export const openAdapter = (folder: string): Adapter => {
  const config = readOptionalJson(join(folder, 'adapter_config.json'));
  const path = join(folder, weightsName);
  if (config === null || !existsSync(path)) {
    throw new UserError({
      code: 'no-adapter',
      message: `${folder} is not a LoRA adapter: it lacks ${config === null ? 'adapter_config.json' : weightsName}`,
      exitCode: exitCodes.notFound,
    });
  }
  refuseOtherKinds(folder, config);
  const { entries, bytes, modified } = readSafetensorsHeader(path);
  const updates = new Map<string, LoraPair>();
  for (const [name, a] of entries) {
    if (name.includes('lora_B')) continue;
    const match = /^(?:base_model\.model\.)?(.+)\.lora_A(?:\.default)?\.weight$/.exec(name);
    const b = entries.get(name.replace('lora_A', 'lora_B'));
    const rank = a.shape[0];
    if (match?.[1] === undefined)
      throw unsupported(folder, `holds \`${name}\`, which is not a LoRA factor of a linear layer`);
    if (b === undefined || rank === undefined || a.shape.length !== 2 || b.shape[1] !== rank) {
      throw unsupported(folder, `has factors of ${match[1]} that do not fit each other`);
    }
    const scale = scaleOf(config, match[1], rank);
    updates.set(`${match[1]}.weight`, { a, b, scale, transposed: config.fan_in_fan_out === true });
  }
  return { path: folder, file: { path, bytes, modified }, updates };
};
