import { appendFileSync, existsSync, readFileSync, renameSync, statSync, writeFileSync } from 'node:fs';

/** The rounds in a file of JSON lines; a last line that was cut off does not count. */
export const parseRounds = (text) => {
  const whole = text.slice(0, text.lastIndexOf('\n') + 1);
  return whole
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line));
};

export const readRounds = (file) => (existsSync(file) ? parseRounds(readFileSync(file, 'utf8')) : []);

const line = (round) => `${JSON.stringify(round)}\n`;

export const writeRounds = (file, rounds) => writeFileSync(file, rounds.map(line).join(''));

export const appendRound = (file, round) => appendFileSync(file, line(round));

/** Moves the rounds of an earlier run out of the way, under a name that says when it ended; gives that name. */
export const setAside = (file) => {
  if (!existsSync(file)) return undefined;
  const name = file.replace(/(\.jsonl)?$/, `.${statSync(file).mtime.toISOString().replaceAll(':', '-')}.jsonl`);
  renameSync(file, name);
  return name;
};

/** What must be equal for rounds to be compared: the program, the models, the flags and the machine. */
export const seriesOf = ({ size, flags, program, machine }) => {
  const { mergekit: _mergekit, ...computer } = machine;
  return JSON.stringify([size, flags, program, computer]);
};

/**
 * The rounds still to be measured, first all first ones. `kept` are rounds of any run: those of another series do not
 * count, nor do those without mergekit if it is wanted.
 */
export const missingRounds = ({ methods, rounds, series, withMergekit }, kept) => {
  const usable = kept.filter((round) => seriesOf(round) === series && (round.mergekit !== null || !withMergekit));
  return methods
    .flatMap((method) => {
      const have = usable.filter((round) => round.method === method).length;
      return Array.from({ length: Math.max(0, rounds - have) }, (_, index) => ({ method, round: have + index + 1 }));
    })
    .sort((one, other) => one.round - other.round);
};
