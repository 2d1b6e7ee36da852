import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine, machineFacts } from './machine.mjs';
import { median } from './median.mjs';
import { preparePrograms } from './prepare.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const models = ['zoo/decoder/summary', 'zoo/encoder-decoder/summary'];
const tasks = [
  { name: 'knowledge', longest: 64, newTokens: 1 },
  { name: 'summary', longest: 128, newTokens: 16 },
];

/** A task's test and dev draws under one header. */
const taskFile = (folder, { name }) => {
  const rows = ['test', 'dev'].flatMap((draw) => {
    const text = readFileSync(join(root, 'zoo/tasks', `${name}.${draw}.csv`), 'utf8');
    return text.split(new RegExp(`^(?=${name}-)`, 'm')).map((row, index) => ({ row, header: index === 0 }));
  });
  const header = rows.find((row) => row.header).row;
  const body = rows.filter((row) => !row.header);
  const path = join(folder, `${name}.csv`);
  writeFileSync(path, header + body.map(({ row }) => row).join(''));
  return { path, count: body.length };
};

const timed = (python, script, args) => {
  const start = performance.now();
  const text = execFileSync(python, [join(root, 'scripts/bench/evaluation', script), ...args], {
    encoding: 'utf8',
    env: { ...process.env, HF_HUB_OFFLINE: '1', TOKENIZERS_PARALLELISM: 'false' },
    maxBuffer: 1 << 28,
  });
  return { ...JSON.parse(text), whole: (performance.now() - start) / 1000 };
};

const agreement = (one, other) => one.filter((prediction, index) => prediction === other[index]).length;

const row = (...cells) =>
  process.stdout.write(`${cells.map((cell, index) => (index < 2 ? cell.padEnd(29) : cell.padStart(13))).join('')}\n`);

/**
 * Scores zoo models by amalgam's worker and by a loop over single examples as the starter kit has it, alternately and
 * with the same number of threads; prints medians and how many predictions agree.
 */
export const benchEvaluation = async ({ rounds, threads }) => {
  const { amalgam, versions } = await preparePrograms(root, false);
  const { python } = amalgam;
  process.stdout.write(`${describeMachine(machineFacts(root, versions))}\n`);
  const folder = mkdtempSync(join(tmpdir(), 'amalgam-bench-evaluation-'));
  try {
    const files = tasks.map((task) => ({ ...task, ...taskFile(folder, task) }));
    const given = files.map(({ path, longest, newTokens }) => `${path}:${longest}:${newTokens}`);
    process.stdout.write(
      `examples ${files.map(({ name, count }) => `${count} of ${name}`).join(', ')}; ${threads} thread${threads === 1 ? '' : 's'}; ${rounds} rounds, medians\n\n`,
    );
    row('model', 'task', 'amalgam', 'batch of one', 'ratio', 'agreement');
    for (const model of models) {
      const args = [join(root, model), String(threads), ...given];
      const runs = Array.from({ length: rounds }, () => ({
        amalgam: timed(python, 'worker.py', args),
        plain: timed(python, 'plain_loop.py', args),
      }));
      const compare = (label, secondsOf, same) => {
        const [mine, plain] = ['amalgam', 'plain'].map((name) => median(runs.map((run) => secondsOf(run[name]))));
        row(model, label, `${mine.toFixed(2)} s`, `${plain.toFixed(2)} s`, `${(plain / mine).toFixed(1)} ×`, same);
      };
      for (const { name, path } of files) {
        const { amalgam, plain } = runs[0];
        const same = agreement(amalgam.predictions[path], plain.predictions[path]);
        compare(name, ({ seconds }) => seconds[path], `${same}/${amalgam.predictions[path].length}`);
      }
      compare('all, imports included', ({ whole }) => whole, '');
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};
