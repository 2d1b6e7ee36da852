/** A member of a JSON object in a text: its value is `text.slice(start, end)`. */
export type Member = { readonly key: string; readonly start: number; readonly end: number };

const [quote, comma, colon, backslash, space] = [34, 44, 58, 92, 32] as const;
const [openingBrace, closingBrace, openingBracket, closingBracket] = [123, 125, 91, 93] as const;

/** Position of the next character that is no white space. */
const skipSpace = (text: string, at: number): number => {
  let next = at;
  while (text.charCodeAt(next) <= space) next += 1;
  return next;
};

/** Position after the string that begins at `start`, or undefined where the text ends before. */
const afterString = (text: string, start: number): number | undefined => {
  for (let end = text.indexOf('"', start + 1); end !== -1; end = text.indexOf('"', end + 1)) {
    let slashes = 0;
    while (text.charCodeAt(end - 1 - slashes) === backslash) slashes += 1;
    if (slashes % 2 === 0) return end + 1;
  }
  return undefined;
};

/** Characters of numbers and of true, false and null. */
const isScalarPart = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 97 && code <= 122) || code === 43 || code === 45 || code === 46 || code === 69;

/** Position after the value that begins at `start`, or undefined where the text ends before. Only brackets are checked. */
const afterValue = (text: string, start: number): number | undefined => {
  const first = text.charCodeAt(start);
  if (first === quote) return afterString(text, start);
  if (first !== openingBrace && first !== openingBracket) {
    let end = start;
    while (isScalarPart(text.charCodeAt(end))) end += 1;
    return end > start ? end : undefined;
  }
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === quote) {
      const end = afterString(text, at);
      if (end === undefined) return undefined;
      at = end - 1;
    } else if (code === openingBrace || code === openingBracket) depth += 1;
    else if ((code === closingBrace || code === closingBracket) && --depth === 0) return at + 1;
  }
  return undefined;
};

const decode = (raw: string): string | undefined => {
  if (!raw.includes('\\')) return raw;
  try {
    return JSON.parse(`"${raw}"`) as string;
  } catch {
    return undefined;
  }
};

/** Calls `visit` for the members of the object at `start`; gives the position after it, or undefined where it is broken. */
export const eachMember = (text: string, start: number, visit: (member: Member) => void): number | undefined => {
  let at = skipSpace(text, start);
  if (text.charCodeAt(at) !== openingBrace) return undefined;
  at = skipSpace(text, at + 1);
  if (text.charCodeAt(at) === closingBrace) return at + 1;
  for (;;) {
    if (text.charCodeAt(at) !== quote) return undefined;
    const afterKey = afterString(text, at);
    const key = afterKey === undefined ? undefined : decode(text.slice(at + 1, afterKey - 1));
    if (afterKey === undefined || key === undefined) return undefined;
    at = skipSpace(text, afterKey);
    if (text.charCodeAt(at) !== colon) return undefined;
    const valueStart = skipSpace(text, at + 1);
    const end = afterValue(text, valueStart);
    if (end === undefined) return undefined;
    visit({ key, start: valueStart, end });
    at = skipSpace(text, end);
    if (text.charCodeAt(at) === closingBrace) return at + 1;
    if (text.charCodeAt(at) !== comma) return undefined;
    at = skipSpace(text, at + 1);
  }
};

/** The members of the object at `start` by key, or undefined where it is broken or names a key twice. */
export const membersAt = (text: string, start: number): ReadonlyMap<string, Member> | undefined => {
  const members = new Map<string, Member>();
  let twice = false;
  const end = eachMember(text, start, (member) => {
    twice ||= members.has(member.key);
    members.set(member.key, member);
  });
  return end === undefined || twice ? undefined : members;
};
