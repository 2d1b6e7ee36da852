import { describeMachine } from './machine.mjs';
import { median } from './median.mjs';
import { recipes } from './recipes.mjs';
import { seriesOf } from './results.mjs';
import { targetsOf } from './targets.mjs';

const middle = (rounds, pick) => median(rounds.map(pick));
const highest = (rounds, pick) => Math.max(...rounds.map(pick));

/** Medians of a method's rounds in seconds, their ratios, and the highest peaks in bytes. */
export const summarise = (rounds) => {
  const limit = middle(rounds, (round) => round.limit.read + round.limit.write);
  const stage = middle(rounds, (round) => round.amalgam.stage);
  const whole = middle(rounds, (round) => round.amalgam.whole);
  const beside = rounds.filter((round) => round.mergekit !== null);
  const mergekit =
    beside.length === 0
      ? null
      : {
          whole: middle(beside, (round) => round.mergekit.whole),
          peak: highest(beside, (round) => round.mergekit.peak),
        };
  return {
    rounds: rounds.length,
    limit,
    stage,
    stageRatio: stage / limit,
    whole,
    mergekit,
    faster: mergekit === null ? null : mergekit.whole / middle(beside, (round) => round.amalgam.whole),
    workerPeak: highest(rounds, (round) => round.amalgam.workerPeak),
    peak: highest(rounds, (round) => round.amalgam.peak),
  };
};

export const seconds = (value) => `${value.toFixed(value < 99.5 ? 2 : 0)} s`;
export const megabytes = (value) => `${(value / 1e6).toFixed(0)} MB`;
/** A text with its limit and whether that is kept; without a limit the text. */
export const judged = (text, limit, sign, met) =>
  limit === undefined ? text : `${text} (${sign} ${limit}) ${met ? '✓' : '✗'}`;

const heads = [
  'method',
  'copy limit L',
  'merge stage',
  'stage / L',
  'whole command',
  'mergekit',
  'times faster',
  "worker's peak",
  "amalgam's peak",
  "mergekit's peak",
];

const cells = (method, summary, targets) => {
  const { limit, stage, stageRatio, whole, mergekit, faster, workerPeak, peak } = summary;
  return [
    method,
    seconds(limit),
    seconds(stage),
    judged(stageRatio.toFixed(2), targets.stage, '≤', stageRatio <= targets.stage),
    seconds(whole),
    mergekit === null ? '–' : seconds(mergekit.whole),
    faster === null ? '–' : judged(faster.toFixed(1), targets.faster, '≥', faster >= targets.faster),
    judged(megabytes(workerPeak), targets.memory / 1e6, '≤', workerPeak <= targets.memory),
    megabytes(peak),
    mergekit === null ? '–' : megabytes(mergekit.peak),
  ];
};

/** A Markdown table whose columns also line up as plain text: the first to the left, numbers to the right. */
export const markdown = (head, rows) => {
  const widths = head.map((name, column) => Math.max(...[head, ...rows].map((row) => row[column].length), name.length));
  const line = (row) =>
    `| ${row.map((cell, at) => (at ? cell.padStart(widths[at]) : cell.padEnd(widths[at]))).join(' | ')} |`;
  const rule = `|${widths.map((width, at) => (at ? `${'-'.repeat(width + 1)}:` : '-'.repeat(width + 2))).join('|')}|`;
  return [line(head), rule, ...rows.map(line)].join('\n');
};

const span = (numbers) => [...new Set([Math.min(...numbers), Math.max(...numbers)])].join(' to ');

const seriesTable = (rounds) => {
  const methods = Object.keys(recipes).filter((method) => rounds.some((round) => round.method === method));
  const { size, flags, machine } = rounds.find(({ mergekit }) => mergekit !== null) ?? rounds[0];
  const summaries = methods.map((method) => summarise(rounds.filter((round) => round.method === method)));
  const commits = [...new Set(rounds.map(({ commit }) => commit ?? 'unknown'))];
  const about = [
    `${size} parameters in bfloat16`,
    `rounds: ${span(summaries.map((summary) => summary.rounds))}; times are medians, peaks the highest`,
    `commit ${commits.join(', ')}`,
    flags.length === 0 ? null : `amalgam with ${flags.join(' ')}`,
  ];
  const rows = methods.map((method, at) => cells(method, summaries[at], targetsOf(method, { size, flags })));
  return `${about.filter(Boolean).join(' · ')}\n${describeMachine(machine)}\n\n${markdown(heads, rows)}\n`;
};

/** The tables of all rounds, one for each series, with the targets and whether they are met. */
export const tables = (rounds) => {
  const series = [...new Set(rounds.map(seriesOf))];
  return series.map((name) => seriesTable(rounds.filter((round) => seriesOf(round) === name))).join('\n');
};
