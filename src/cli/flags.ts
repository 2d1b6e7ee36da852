import { type Command, InvalidArgumentError, Option } from 'commander';

/** Parses a whole number of at least `minimum`. */
export const whole =
  (minimum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`expected a whole number of at least ${minimum}`);
  };

const positive = (text: string): number => {
  const value = Number(text);
  if (Number.isFinite(value) && value > 0) return value;
  throw new InvalidArgumentError('expected a number above 0');
};

/** `5GB`, `500MB`, `2GiB`, or mergekit's `5B` (billions); plain numbers are bytes. */
export const bytes = (text: string): number => {
  const [, amount, unit = '', binary] = /^(\d+(?:\.\d+)?)\s*([KMGTB]?)(i?)B?$/i.exec(text) ?? [];
  if (amount === undefined) throw new InvalidArgumentError('expected a size such as 5GB');
  const power = ['', 'K', 'M', 'G', 'T'].indexOf(unit.toUpperCase().replace('B', 'G'));
  return Math.round(Number(amount) * (binary ? 1024 : 1000) ** power);
};

/** As many files lie in one folder while parts are merged. */
const mostParts = 100_000;

/** `3/8`: the third of eight. */
export const part = (text: string): { number: number; of: number } => {
  const [number, of] = (/^(\d+)\/(\d+)$/.exec(text)?.slice(1) ?? []).map(Number);
  if (number !== undefined && of !== undefined && number >= 1 && number <= of && of <= mostParts) return { number, of };
  throw new InvalidArgumentError('expected a part such as 3/8: a number from 1 on, and how many there are');
};

/** Comma-separated words. */
export const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

/** How a run is shown. */
export const displayFlags = (command: Command): Command =>
  command
    .option('--json', 'events as NDJSON on stdout, nothing else')
    .option('--plain', 'lines instead of the dashboard')
    .option('--no-tui', 'the same as --plain')
    .option('-q, --quiet', 'only errors and the result')
    .option('--record <file>', 'save the events for `amalgam replay`')
    .option('--debug', 'show the traces of errors, and whether compiled kernels are used');

/** `auto`, a device, or several of one kind, which round alike, to work on at once: `cuda:0,cuda:2`. */
const devices = (text: string): string => {
  const names = list(text);
  const areAlike = [/^cpu$/, /^cuda:\d+$/].some((kind) => names.every((name) => kind.test(name)));
  if (names.length === 1 || (names.length > 1 && areAlike)) return names.join(',');
  throw new InvalidArgumentError('expected auto, cpu, cuda, cuda:N, or several such as cuda:0,cuda:1 or cpu,cpu');
};

/** Where tensors are computed. */
export const computeFlags = (command: Command): Command =>
  command
    .option('--device <names>', 'auto, cpu, cuda, cuda:N, or several such as cuda:0,cuda:1', devices, 'auto')
    .option('--threads <n>', 'threads of the worker', whole(1));

export const evaluationFlags = (command: Command): Command =>
  command
    .addOption(new Option('--split <name>', 'which draw of the tasks').choices(['dev', 'test']).default('test'))
    .option('--limit <n>', 'only the first n examples of each task', whole(1))
    .option('--sample-seed <n>', 'with --limit: n examples at random instead, the same for the same seed', whole(0))
    .option('--batch-size <n>', 'examples at once (default: what fits)', whole(1))
    .option('--few-shot <n>', 'examples before each question of lm_eval: tasks', whole(0))
    .option('--results <dir>', 'folder for scores, predictions and a submission CSV of each task')
    .option('--no-kept-scores', 'score every example anew, and keep no scores for later runs');

export const replayFlags = (command: Command): Command =>
  command
    .option('--speed <factor>', 'how many times as fast', positive, 1)
    .option('--plain', 'lines instead of the dashboard')
    .option('--json', 'the events again');
