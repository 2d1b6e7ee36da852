import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { checkAgreement } from './agreement.mjs';
import { copyLimit, readAll } from './copy-limit.mjs';
import { describeMachine, machineFacts, revision } from './machine.mjs';
import { preparePrograms } from './prepare.mjs';
import { runAmalgam, runMergekit } from './programs.mjs';
import { recipes } from './recipes.mjs';
import { appendRound, missingRounds, readRounds, seriesOf, setAside, writeRounds } from './results.mjs';
import { makeCheckpoints } from './synthetic.mjs';
import { tables } from './table.mjs';

const say = (text) => process.stderr.write(`bench  ${text}\n`);

/** Files of one method in the benchmark's folder. */
const filesOf = (directory, method) => ({
  recipe: join(directory, `${method}.yml`),
  ours: join(directory, `amalgam-${method}`),
  theirs: join(directory, `mergekit-${method}`),
});

const removeAll = (paths) => {
  for (const path of paths) rmSync(path, { recursive: true, force: true });
};

/** One round of a method: amalgam, the copy limit, mergekit. `compare`: whether the two results are compared too. */
const measureRound = async (method, { directory, models, flags, python, compare, stop }) => {
  const [base, ...tunes] = models;
  const files = filesOf(directory, method);
  const text = recipes[method](base, tunes);
  const inputs = models.filter((folder) => text.includes(`${folder}\n`));
  try {
    writeFileSync(files.recipe, text);
    await readAll(inputs, { stop });
    const amalgam = await runAmalgam(files.recipe, files.ours, { flags, stop });
    const limit = await copyLimit(inputs, files.ours, { scratch: directory, stop });
    const mergekit = python === null ? null : await runMergekit(files.recipe, files.theirs, { python, stop });
    if (mergekit !== null && compare) await checkAgreement(method, { ...files, base, python, stop });
    return { limit, amalgam, mergekit };
  } finally {
    removeAll([...Object.values(files), `${files.ours}.partial`]);
  }
};

const describeRound = ({ method, round, limit, amalgam, mergekit }) => {
  const beside = mergekit === null ? '' : `, mergekit ${mergekit.whole.toFixed(1)} s`;
  const times = `stage ${amalgam.stage.toFixed(2)} s, limit ${(limit.read + limit.write).toFixed(2)} s`;
  return `${method}, round ${round}: ${times}, whole ${amalgam.whole.toFixed(2)} s${beside}`;
};

/** Measures the rounds that the file of results lacks, writes each down at once, and prints the table of the file. */
export const benchMerges = async ({ root, size, methods, rounds, dir, keep, flags, stop, ...options }) => {
  const directory = resolve(dir);
  const results = options.results ?? join(directory, `results-${size}.jsonl`);
  mkdirSync(directory, { recursive: true });
  const { python, versions } = await preparePrograms(root, options.mergekit);
  const machine = machineFacts(directory, versions);
  const common = { size, flags, machine, ...revision(root) };
  say(describeMachine(machine));
  if (!options.continue) {
    const earlier = setAside(results);
    if (earlier !== undefined) say(`earlier rounds are in ${earlier} now; --continue would go on with them`);
  }
  const kept = readRounds(results);
  writeRounds(results, kept);
  const wanted = { methods, rounds, series: seriesOf(common), withMergekit: options.mergekit };
  const todo = missingRounds(wanted, kept);
  say(`${todo.length} of ${methods.length * rounds} rounds to measure; each is written to ${results}`);
  const hadCheckpoints = existsSync(join(directory, size));
  const models = makeCheckpoints(directory, size, 3);
  for (const { method, round } of todo) {
    const compare = round === 1;
    const measured = await measureRound(method, { directory, models, flags, python, compare, stop });
    const line = { at: new Date().toISOString(), method, round, ...common, ...measured };
    appendRound(results, line);
    say(describeRound(line));
  }
  if (!keep && !hadCheckpoints) removeAll([join(directory, size)]);
  const series = readRounds(results).filter(
    (line) => seriesOf(line) === wanted.series && methods.includes(line.method),
  );
  process.stdout.write(tables(series));
};
