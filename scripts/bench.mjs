import { execFileSync } from 'node:child_process';
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, platform, release, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchEvaluation } from './bench/evaluation.mjs';
import { recipes } from './bench/recipes.mjs';
import { makeCheckpoints, sizes } from './bench/synthetic.mjs';

const usage = `npm run bench -- [--size 1.1B] [--methods linear,ties] [--rounds 3] [--dir FOLDER] [--keep]
  Makes synthetic bfloat16 Llamas, then runs amalgam's merge and the copy limit (read every input byte once,
  write every output byte once) alternately, and prints medians. Sizes: ${Object.keys(sizes).join(', ')}.
npm run bench -- --evaluation [--threads 1] [--rounds 3]
  Scores zoo models by amalgam and by a loop over single examples, alternately.
`;

const { values } = parseArgs({
  options: {
    size: { type: 'string', default: '1.1B' },
    methods: { type: 'string', default: 'linear' },
    rounds: { type: 'string', default: '3' },
    dir: { type: 'string', default: join(tmpdir(), 'amalgam-bench') },
    keep: { type: 'boolean', default: false },
    evaluation: { type: 'boolean', default: false },
    threads: { type: 'string', default: '1' },
    help: { type: 'boolean', default: false },
  },
});

const median = (numbers) => {
  const sorted = [...numbers].sort((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)] + sorted[Math.ceil((sorted.length - 1) / 2)]) / 2;
};

const seconds = (work) => {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1e9;
};

const weightFiles = (folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.safetensors'))
    .map((name) => join(folder, name));

/** The time to read all inputs with cat and copy one output with cp. */
const copyLimit = (inputs, output, scratch) => {
  const read = seconds(() => execFileSync('sh', ['-c', 'cat "$@" > /dev/null', 'cat', ...inputs.flatMap(weightFiles)]));
  const write = seconds(() => {
    for (const file of weightFiles(output)) execFileSync('cp', [file, join(scratch, 'copy')]);
  });
  rmSync(join(scratch, 'copy'));
  return read + write;
};

const amalgam = fileURLToPath(new URL('amalgam.mjs', import.meta.url));

const runAmalgam = (recipe, output) => {
  let lines = '';
  const whole = seconds(() => {
    lines = execFileSync(process.execPath, [amalgam, 'merge', recipe, output, '--json', '--force'], {
      encoding: 'utf8',
      maxBuffer: 1 << 28,
    });
  });
  const finished = lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line))
    .find(({ type }) => type === 'merge-finished');
  return { whole, stage: finished.seconds, peak: finished.peakMemory };
};

const rounds = Number(values.rounds);

const machine = () =>
  process.stdout.write(
    `machine  ${cpus().length} × ${cpus()[0]?.model.trim()}, ${(totalmem() / 1e9).toFixed(0)} GB, ${platform()} ${release()}, Node ${process.versions.node}\n`,
  );

if (values.help) process.stdout.write(usage);
else if (values.evaluation) {
  machine();
  await benchEvaluation({ rounds, median, threads: Number(values.threads) });
} else {
  const directory = values.dir;
  mkdirSync(directory, { recursive: true });
  machine();
  const [base, ...tunes] = makeCheckpoints(directory, values.size, 3);
  process.stdout.write(
    `models   ${values.size} bfloat16, a base and three fine-tunes, in ${directory}; ${rounds} rounds, medians, warm files\n\n`,
  );
  process.stdout.write('method            copy limit   merge stage   ratio   whole command   worker peak\n');
  for (const method of values.methods.split(',')) {
    const text = recipes[method]?.(base, tunes);
    if (text === undefined) throw new Error(`no method ${method}; one of: ${Object.keys(recipes).join(', ')}`);
    const recipe = join(directory, `${method}.yml`);
    const output = join(directory, `out-${method}`);
    writeFileSync(recipe, text);
    const inputs = [base, ...tunes].filter((folder) => text.includes(`${folder}\n`));
    const runs = Array.from({ length: rounds }, () => {
      const run = runAmalgam(recipe, output);
      return { ...run, limit: copyLimit(inputs, output, directory) };
    });
    const limit = median(runs.map((run) => run.limit));
    const stage = median(runs.map((run) => run.stage));
    const columns = [
      method.padEnd(16),
      `${limit.toFixed(2)} s`.padStart(11),
      `${stage.toFixed(2)} s`.padStart(13),
      `${(stage / limit).toFixed(2)}`.padStart(7),
      `${median(runs.map((run) => run.whole)).toFixed(2)} s`.padStart(15),
      `${(Math.max(...runs.map((run) => run.peak)) / 1e6).toFixed(0)} MB`.padStart(13),
    ];
    process.stdout.write(`${columns.join(' ')}\n`);
    rmSync(output, { recursive: true });
  }
  if (!values.keep) rmSync(directory, { recursive: true });
}
