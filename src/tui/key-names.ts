type Pressed = {
  readonly upArrow: boolean;
  readonly downArrow: boolean;
  readonly pageUp: boolean;
  readonly pageDown: boolean;
  readonly return: boolean;
  readonly escape: boolean;
  readonly ctrl: boolean;
  readonly meta: boolean;
  readonly home?: boolean;
  readonly end?: boolean;
};

/** Keys that are told by a flag, not by what they type. */
const specialName = (input: string, key: Pressed): string | null => {
  if (key.upArrow) return 'up';
  if (key.downArrow) return 'down';
  if (key.pageUp) return 'pageup';
  if (key.pageDown) return 'pagedown';
  if (key.home) return 'home';
  if (key.end) return 'end';
  if (key.return) return 'enter';
  if (key.escape) return 'esc';
  if (key.ctrl) return `ctrl-${input}`;
  if (key.meta) return `meta-${input}`;
  return null;
};

const characterName = (character: string): string => {
  if (character === ' ') return 'space';
  if (character === '\r' || character === '\n') return 'enter';
  if (character === '\u001b') return 'esc';
  const code = character.codePointAt(0) ?? 0;
  return code < 32 ? `ctrl-${String.fromCodePoint(code + 96)}` : character;
};

/** The names of the keys in one piece of input as the table writes them: fast typing arrives several keys at a time. */
export const keyNames = (input: string, key: Pressed): string[] => {
  const special = specialName(input, key);
  return special === null ? [...input].map(characterName) : [special];
};
