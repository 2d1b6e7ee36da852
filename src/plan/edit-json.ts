/** Numbers that JavaScript would write otherwise than they stand: `1.0`, `1e-05`, or beyond 2^53. */
const isFragile = (number: string): boolean => String(Number(number)) !== number;

const mark = '\u0000number:';

/** Every token of a JSON text that is a string or a number. */
const tokens = /"(?:[^"\\]|\\.)*"|-?\d+(?:\.\d+)?(?:[eE][+-]?\d+)?/g;

/**
 * Changes a JSON object's text and leaves each number that is not touched as it was written. Python tells `1.0` from
 * `1`, and configuration files are checked for it; a JavaScript number does not know the difference.
 */
export const editJson = (text: string, edit: (value: Record<string, unknown>) => Record<string, unknown>): string => {
  const guarded = text.replace(tokens, (token) =>
    token.startsWith('"') || !isFragile(token) ? token : JSON.stringify(mark + token),
  );
  const edited = JSON.stringify(edit(JSON.parse(guarded)), null, 2);
  return `${edited.replace(/"\\u0000number:([^"]+)"/g, '$1')}\n`;
};
