import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';
import type { HeaderEntry } from './safetensors-header.js';

type Config = Readonly<Record<string, unknown>>;
type Tensors = ReadonlyMap<string, HeaderEntry>;

/** Names that only codes and their scales have, by the format that has them. */
const formats: readonly (readonly [format: string, name: RegExp])[] = [
  ['bitsandbytes, 4 bits', /\.(nested_)?(absmax|quant_map)$|\.quant_state\.[\w.]+$/],
  ['bitsandbytes, 8 bits', /(^|\.)(SCB|weight_format)$/],
  ['GPTQ or AWQ', /\.(qweight|qzeros|g_idx)$/],
  ['compressed-tensors', /\.weight_(packed|shape|zero_point|global_scale)$/],
  ['FP8 in blocks', /[._](weight_)?scale_inv$/],
  ['HQQ', /\.W_q$/],
  ['AQLM', /\.codebooks$/],
  ['QuIP#', /\.Qidxs$/],
  ['scaled FP8', /^scaled_fp8$/],
];

/** One look at a name where nearly none matches: large models have hundred thousands. */
const anyFormat = new RegExp(formats.map(([, { source }]) => source).join('|'));

/** Weights that a tensor could be the scale of, by its name. */
const scaledBy = (name: string): string[] => {
  if (!name.includes('scale')) return [];
  const [, module] = /^(.*\.)scale_weight$/.exec(name) ?? [];
  const [, weight] = /^(.+)[._]scales?$/.exec(name) ?? [];
  return [
    ...(module === undefined ? [] : [`${module}weight`]),
    ...(weight === undefined ? [] : [weight, `${weight}.weight`]),
  ];
};

const isOneByte = (dtype: string | undefined): boolean => /^(F8_|I8$|U8$)/.test(dtype ?? '');

/** Codes that only their type and what lies beside them give away; an FP8 tensor without a scale is a plain tensor. */
const formatOf = (name: string, { dtype, shape }: HeaderEntry, tensors: Tensors): string | undefined => {
  if (anyFormat.test(name)) return formats.find(([, pattern]) => pattern.test(name))?.[0];
  const codes = scaledBy(name)
    .map((weight) => tensors.get(weight)?.dtype)
    .find(isOneByte);
  if (codes !== undefined) return codes.startsWith('F8') ? 'scaled FP8' : 'scaled 8-bit integers';
  if (dtype !== 'U8') return undefined;
  if (name.endsWith('_blocks') && tensors.has(name.replace(/_blocks$/, '_scales'))) return 'MXFP4';
  return name.endsWith('.weight') && shape.length === 2 && shape[1] === 1 ? 'bitsandbytes, 4 bits' : undefined;
};

const evidence = (tensors: Tensors): string | undefined => {
  for (const [name, entry] of tensors) {
    const format = formatOf(name, entry, tensors);
    if (format !== undefined) return `${format}: it holds \`${name}\``;
  }
  return undefined;
};

/** What a configuration says of the quantisation of its model or of a part of it. */
const settingsIn = (config: Config | null): unknown => {
  const sections = [config, config?.text_config, config?.llm_config, config?.thinker_config];
  const settings = sections.flatMap((section) => {
    const { quantization_config: own, compression_config: older } = (section ?? {}) as Record<string, unknown>;
    return own ?? older ?? [];
  });
  return settings[0];
};

const described = (settings: unknown): string => {
  if (typeof settings !== 'object' || settings === null) return 'its config.json has a `quantization_config`';
  const { quant_method: method, bits, load_in_4bit: four, load_in_8bit: eight } = settings as Record<string, unknown>;
  const width = typeof bits === 'number' ? bits : four === true ? 4 : eight === true ? 8 : undefined;
  return [String(method ?? 'unknown method'), ...(width === undefined ? [] : [`${width} bits`])].join(', ');
};

/** Refuses a model whose numbers are codes, which cannot be averaged; told by its config or by its tensors. */
export const refuseQuantised = (model: string, config: Config | null, tensors: Tensors): void => {
  const settings = settingsIn(config);
  const found = evidence(tensors);
  if (settings === undefined && found === undefined) return;
  const how = [...(settings === undefined ? [] : [described(settings)]), ...(found === undefined ? [] : [found])];
  throw new UserError({
    code: 'quantised',
    message: `${model} is quantised (${printable(how.join('; ')).slice(0, 300)}), and packed weights cannot be merged`,
    hint:
      found === undefined
        ? 'name the model that it was quantised from; if its weights are plain numbers, remove `quantization_config` from its config.json'
        : 'name the model that it was quantised from',
    exitCode: exitCodes.incompatible,
  });
};
