import { exitCodes, UserError } from '../errors.js';
import { printable } from '../format.js';

/** Names that only packed weights and their scales have, in GPTQ, AWQ, bitsandbytes, FP8 and compressed-tensors files. */
const packedNames = /\.(qweight|qzeros|weight_packed|weight_scale_inv|SCB|absmax|quant_state\.[\w.]+)$/;

const described = (settings: unknown): string => {
  if (typeof settings !== 'object' || settings === null) return 'its config.json has a `quantization_config`';
  const { quant_method: method, bits } = settings as Record<string, unknown>;
  return [String(method ?? 'unknown method'), ...(typeof bits === 'number' ? [`${bits} bits`] : [])].join(', ');
};

/** Refuses a model whose numbers are codes, which cannot be averaged. */
export const refuseQuantised = (
  folder: string,
  config: Readonly<Record<string, unknown>> | null,
  tensors: Iterable<string>,
): void => {
  const settings = config?.quantization_config ?? undefined;
  const packed = [...tensors].find((name) => packedNames.test(name));
  if (settings === undefined && packed === undefined) return;
  const how = settings === undefined ? `it holds \`${packed}\`` : described(settings);
  throw new UserError({
    code: 'quantised',
    message: `${folder} is quantised (${printable(how).slice(0, 200)}), and packed weights cannot be merged`,
    hint: 'name the model that it was quantised from',
    exitCode: exitCodes.incompatible,
  });
};
