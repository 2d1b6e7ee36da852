/** A real header nests three deep. */
const deepestNesting = 16;

const backslash = 92;
const quote = 34;

/** Position of the quote that ends the string which begins at `start`. */
const endOfString = (text: string, start: number): number => {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end;
  }
  return text.length;
};

/** The key that the string from `start` to `end` is, or undefined where it is a value. */
const keyAt = (text: string, start: number, end: number): string | undefined => {
  let next = end + 1;
  while (' \t\r\n'.includes(text[next] ?? 'x')) next += 1;
  if (text[next] !== ':') return undefined;
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
};

/**
 * What a safetensors header may not hold although it is valid JSON, or undefined. `JSON.parse` keeps the last of two
 * equal keys, rounds large numbers and accepts fractions; other readers of the same bytes would see another model.
 */
export const headerTextFault = (text: string): string | undefined => {
  const open: Set<string>[] = [];
  let position = 0;
  while (position < text.length) {
    const code = text.charCodeAt(position);
    if (code === quote) {
      const end = endOfString(text, position);
      const key = keyAt(text, position, end);
      const keys = open.at(-1);
      if (key !== undefined && keys?.has(key)) return `names \`${key}\` twice`;
      if (key !== undefined) keys?.add(key);
      position = end + 1;
      continue;
    }
    const character = text[position];
    if (character === '{' || character === '[') open.push(new Set());
    if (character === '}' || character === ']') open.pop();
    if (open.length > deepestNesting) return 'is nested too deeply';
    const inNumber = /[.eE]/.test(character ?? '') && /\d/.test(text[position - 1] ?? '');
    if (character === '-' || inNumber) return 'holds a number that is not a plain count';
    position += 1;
  }
  return undefined;
};
