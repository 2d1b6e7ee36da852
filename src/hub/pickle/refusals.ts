import { exitCodes, UserError } from '../../errors.js';
import { printable } from '../../format.js';

const shortened = (text: string): string => printable(text).slice(0, 300);

/** A file that no PyTorch wrote like this, or that was cut or changed since. */
export const damaged = (label: string, reason: string): UserError =>
  new UserError({
    code: 'bad-pickle',
    message: `${label} is not a valid PyTorch file: ${shortened(reason)}`,
    hint: 'download or save the model again',
    exitCode: exitCodes.integrity,
  });

/** A file that may be in order but holds what is not read. */
export const notRead = (label: string, reason: string, hint?: string): UserError =>
  new UserError({
    code: 'unsupported-pickle',
    message: `${label} cannot be read: ${shortened(reason)}`,
    hint: hint ?? 'if you trust it, load it in PyTorch and save its tensors again with safetensors',
    exitCode: exitCodes.incompatible,
  });
