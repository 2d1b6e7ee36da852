import { exitCodes, UserError } from '../errors.js';
import { contentKind } from './content-kind.js';

/** Parses a JSON file's text into an object; `path` names the file in errors. */
export const parseJsonObject = (path: string, text: string): Record<string, unknown> => {
  const broken = (reason: string, cause?: unknown) =>
    new UserError({
      code: 'bad-json',
      message: `${path} is not a JSON object: ${contentKind(Buffer.from(text.slice(0, 64))) ?? reason}`,
      exitCode: exitCodes.integrity,
      cause,
    });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw broken('it cannot be parsed', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw broken('it holds something else');
  return value as Record<string, unknown>;
};
