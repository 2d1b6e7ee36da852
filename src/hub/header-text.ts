/** A real header nests three deep. */
const deepestNesting = 16;

const notPlain = 'holds a number that is not a plain count';

const [quote, backslash, colon, space, minus, point] = [34, 92, 58, 32, 45, 46] as const;
const [openingBrace, closingBrace, openingBracket, closingBracket] = [123, 125, 91, 93] as const;
const [smallE, largeE] = [101, 69] as const;

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
  while (text.charCodeAt(next) <= space) next += 1;
  if (text.charCodeAt(next) !== colon) return undefined;
  const raw = text.slice(start + 1, end);
  return raw.includes('\\') ? (JSON.parse(`"${raw}"`) as string) : raw;
};

const isDigit = (code: number): boolean => code >= 48 && code <= 57;

/**
 * What a safetensors header may not hold although it is valid JSON, or undefined. `JSON.parse` keeps the last of two
 * equal keys, rounds large numbers and accepts fractions; other readers of the same bytes would see another model.
 */
export const headerTextFault = (text: string): string | undefined => {
  // Small objects need no set: an entry of a header has three keys.
  const open: (Set<string> | string[])[] = [];
  for (let position = 0; position < text.length; position++) {
    const code = text.charCodeAt(position);
    switch (code) {
      case quote: {
        const end = endOfString(text, position);
        const key = keyAt(text, position, end);
        if (key !== undefined && !remember(open, key)) return `names \`${key}\` twice`;
        position = end;
        break;
      }
      case openingBrace:
      case openingBracket:
        if (open.push([]) > deepestNesting) return 'is nested too deeply';
        break;
      case closingBrace:
      case closingBracket:
        open.pop();
        break;
      case minus:
        return notPlain;
      case point:
      case smallE:
      case largeE:
        if (isDigit(text.charCodeAt(position - 1))) return notPlain;
        break;
    }
  }
  return undefined;
};

/** Adds a key to the innermost object; false when it is there already. */
const remember = (open: (Set<string> | string[])[], key: string): boolean => {
  const keys = open.at(-1);
  if (keys === undefined) return true;
  if (Array.isArray(keys)) {
    if (keys.includes(key)) return false;
    keys.push(key);
    if (keys.length > 8) open[open.length - 1] = new Set(keys);
    return true;
  }
  const known = keys.size;
  return keys.add(key).size > known;
};
