/** Why a piece of text is coloured; what the colour is, is decided here alone. */
export type Role = 'heading' | 'strong' | 'muted' | 'good' | 'bad' | 'warning' | 'accent';

const codes: Record<Role, string> = {
  heading: '1;36',
  strong: '1',
  muted: '2',
  good: '32',
  bad: '31',
  warning: '33',
  accent: '36',
};

const unicodeGlyphs = {
  plusMinus: '±',
  delta: 'Δ',
  minus: '−',
  ellipsis: '…',
  arrow: '→',
  dot: '·',
  times: '×',
  done: '✔',
  failed: '✘',
  dash: '–',
};

export type Glyphs = typeof unicodeGlyphs;

const asciiGlyphs: Glyphs = {
  plusMinus: '+-',
  delta: 'vs',
  minus: '-',
  ellipsis: '~',
  arrow: '->',
  dot: '-',
  times: 'x',
  done: '+',
  failed: 'x',
  dash: '-',
};

export type Style = {
  readonly colour: boolean;
  readonly unicode: boolean;
  readonly glyphs: Glyphs;
  /** Colours trusted or already inert text by its meaning. */
  readonly paint: (text: string, role?: Role) => string;
};

export const createStyle = ({ colour, unicode }: { colour: boolean; unicode: boolean }): Style => ({
  colour,
  unicode,
  glyphs: unicode ? unicodeGlyphs : asciiGlyphs,
  paint: (text, role) =>
    colour && role !== undefined && text.trim() !== '' ? `\u001b[${codes[role]}m${text}\u001b[0m` : text,
});

type Environment = Readonly<Record<string, string | undefined>>;

/** Whether the locale can show more than ASCII: the first of LC_ALL, LC_CTYPE and LANG that is set decides. */
export const supportsUnicode = (env: Environment): boolean =>
  /utf-?8/i.test(env.LC_ALL || env.LC_CTYPE || env.LANG || '') && env.TERM !== 'linux';

/** Whether to colour: NO_COLOR, then FORCE_COLOR and CLICOLOR_FORCE, then TERM=dumb, then whether it is a terminal. */
export const supportsColour = (env: Environment, isTTY: boolean): boolean => {
  if (env.NO_COLOR) return false;
  if (env.FORCE_COLOR !== undefined && env.FORCE_COLOR !== '') return env.FORCE_COLOR !== '0';
  if (env.CLICOLOR_FORCE && env.CLICOLOR_FORCE !== '0') return true;
  return isTTY && env.TERM !== 'dumb';
};

/** The style that a stream can show in this environment. */
export const styleFor = (stream: { readonly isTTY?: boolean }, env: Environment): Style =>
  createStyle({ colour: supportsColour(env, stream.isTTY === true), unicode: supportsUnicode(env) });
