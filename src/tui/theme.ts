import type { Style } from '../report/style.js';

const unicodeShapes = {
  spinner: ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'],
  frame: { topLeft: '╭', topRight: '╮', bottomLeft: '╰', bottomRight: '╯', across: '─', down: '│' },
  /** From one eighth to a whole cell. */
  blocks: ['▏', '▎', '▍', '▌', '▋', '▊', '▉', '█'],
  track: '░',
  pointer: '❯',
  up: '↑',
  down: '↓',
  braille: true,
};

export type Shapes = typeof unicodeShapes;

const asciiShapes: Shapes = {
  spinner: ['|', '/', '-', '\\'],
  frame: { topLeft: '+', topRight: '+', bottomLeft: '+', bottomRight: '+', across: '-', down: '|' },
  blocks: ['#'],
  track: '.',
  pointer: '>',
  up: 'up',
  down: 'down',
  braille: false,
};

/** A style with the shapes that only a full screen needs. */
export type Theme = Style & { readonly shapes: Shapes };

export const createTheme = (style: Style): Theme => ({ ...style, shapes: style.unicode ? unicodeShapes : asciiShapes });
