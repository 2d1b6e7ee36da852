/** Where the dashboard or the home screen is; decides which keys mean something. */
export type KeyContext = {
  readonly screen: 'running' | 'stopping' | 'ended' | 'home';
  readonly overlay: 'none' | 'help' | 'confirm';
  /** The panel in view has more rows than it can show. */
  readonly scrollable: boolean;
  /** The chosen recipe cannot be started. */
  readonly blocked?: boolean;
};

export type Action =
  | 'help'
  | 'close'
  | 'ask-stop'
  | 'confirm-stop'
  | 'dismiss'
  | 'interrupt'
  | 'leave'
  | 'choose'
  | 'up'
  | 'down'
  | 'first'
  | 'last'
  | 'page-up'
  | 'page-down'
  | 'log'
  | 'repaint';

export type KeyBinding = {
  readonly action: Action;
  /** Names as `keyName` gives them. */
  readonly keys: readonly string[];
  /** How the keys are written for people. */
  readonly label: string;
  /** Keys and words for the line at the bottom; null keeps the binding out of there. */
  readonly hint: readonly [keys: string, words: string] | null;
  readonly help: string;
  readonly valid: (context: KeyContext) => boolean;
};

const open = ({ overlay }: KeyContext): boolean => overlay === 'none';
const live = ({ screen }: KeyContext): boolean => screen === 'running' || screen === 'stopping';
const moves = (context: KeyContext): boolean =>
  context.overlay !== 'confirm' && (context.scrollable || (context.screen === 'home' && context.overlay === 'none'));

/** Every key there is, in the order in which help lists them. */
export const keys: readonly KeyBinding[] = [
  {
    action: 'confirm-stop',
    keys: ['y', 'enter'],
    label: 'y',
    hint: ['y', 'stop the run'],
    help: 'when asked: stop the run',
    valid: ({ overlay }) => overlay === 'confirm',
  },
  {
    action: 'dismiss',
    keys: ['n', 'esc', 'q'],
    label: 'n',
    hint: ['n', 'go on'],
    help: 'when asked: let it go on',
    valid: ({ overlay }) => overlay === 'confirm',
  },
  {
    action: 'close',
    keys: ['?', 'h', 'esc', 'q', 'enter'],
    label: 'esc',
    hint: ['esc', 'close'],
    help: 'close this list',
    valid: ({ overlay }) => overlay === 'help',
  },
  {
    action: 'choose',
    keys: ['enter'],
    label: 'enter',
    hint: ['enter', 'merge'],
    help: 'start the chosen recipe',
    valid: (context) => context.screen === 'home' && open(context) && context.blocked !== true,
  },
  {
    action: 'leave',
    keys: ['q', 'esc', 'ctrl-c'],
    label: 'q',
    hint: ['q', 'leave'],
    help: 'leave the home screen',
    valid: (context) => context.screen === 'home' && open(context),
  },
  {
    action: 'leave',
    keys: ['q', 'enter', 'esc', 'ctrl-c'],
    label: 'q, enter',
    hint: ['q', 'leave'],
    help: 'leave when the run has ended; its table is printed',
    valid: (context) => context.screen === 'ended' && open(context),
  },
  {
    action: 'ask-stop',
    keys: ['q'],
    label: 'q',
    hint: ['q', 'stop'],
    help: 'ask whether to stop the run',
    valid: (context) => context.screen === 'running' && open(context),
  },
  {
    action: 'interrupt',
    keys: ['ctrl-c'],
    label: 'ctrl-c',
    hint: ['ctrl-c', 'stop'],
    help: 'stop the run; once more: stop it at once',
    valid: live,
  },
  {
    action: 'up',
    keys: ['k', 'up'],
    label: 'k, up',
    hint: null,
    help: 'one line or recipe up',
    valid: moves,
  },
  {
    action: 'down',
    keys: ['j', 'down'],
    label: 'j, down',
    hint: ['j/k', 'move'],
    help: 'one line or recipe down',
    valid: moves,
  },
  { action: 'page-up', keys: ['pageup'], label: 'page up', hint: null, help: 'half a page up', valid: moves },
  {
    action: 'page-down',
    keys: ['pagedown', 'space'],
    label: 'page down',
    hint: null,
    help: 'half a page down',
    valid: moves,
  },
  { action: 'first', keys: ['g', 'home'], label: 'g', hint: null, help: 'to the first line or recipe', valid: moves },
  { action: 'last', keys: ['G', 'end'], label: 'G', hint: null, help: 'to the last line or recipe', valid: moves },
  {
    action: 'log',
    keys: ['l'],
    label: 'l',
    hint: ['l', 'log'],
    help: 'show the log on the whole screen, and back',
    valid: (context) => context.screen !== 'home' && open(context),
  },
  { action: 'repaint', keys: ['ctrl-l'], label: 'ctrl-l', hint: null, help: 'draw the screen anew', valid: () => true },
  {
    action: 'help',
    keys: ['?', 'h'],
    label: '?',
    hint: ['?', 'keys'],
    help: 'show or hide this list',
    valid: open,
  },
];

/** What a key means here; null if nothing. */
export const actionOf = (name: string, context: KeyContext): Action | null =>
  keys.find((binding) => binding.keys.includes(name) && binding.valid(context))?.action ?? null;

/** The bindings that mean something here. */
export const validKeys = (context: KeyContext): readonly KeyBinding[] => keys.filter(({ valid }) => valid(context));
