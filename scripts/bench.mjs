import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchEvaluation } from './bench/evaluation.mjs';
import { Stopped } from './bench/measure.mjs';
import { benchMerges } from './bench/merges.mjs';
import { benchPlanning } from './bench/planning.mjs';
import { benchProfile } from './bench/profile.mjs';
import { recipes } from './bench/recipes.mjs';
import { readRounds } from './bench/results.mjs';
import { sizes } from './bench/synthetic.mjs';
import { tables } from './bench/table.mjs';

const usage = `npm run bench -- [--size 1.1B] [--methods linear,ties] [--rounds 3] [--no-mergekit] [--continue]
  Makes a base and three fine-tunes of it, synthetic bfloat16 Llamas, and runs amalgam, the copy limit (read every
  input byte once, write every output byte once) and mergekit-yaml alternately; prints medians. All methods in 1.1B
  take mergekit about two hours on two cores.
  --size SIZE       ${Object.keys(sizes).join(', ')}
  --methods A,B     of: ${Object.keys(recipes).join(', ')}
  --no-mergekit     without it; needs no network
  --continue        measures only the rounds that the file of results lacks
  --results FILE    where each round is written as it is measured (DIR/results-SIZE.jsonl)
  --dir FOLDER      where the checkpoints are made (amalgam-bench in the folder of temporary files)
  --keep            leaves the checkpoints there
  --threads N, --max-memory SIZE   are passed on to amalgam
npm run bench -- --table FILE...
  Prints the tables of files of results as Markdown, with the targets.
npm run bench -- --profile [METHOD...] [--size 1.1B]
  Prints where the time of the merge stage goes, measured inside the worker.
npm run bench -- --planning [--rounds 3]
  Plans merges of models whose files have headers only: 7 B, 70 B, and 1 T with 99,000 tensors.
npm run bench -- --evaluation [--threads 1] [--rounds 3]
  Scores zoo models by amalgam and by a loop over single examples, alternately.
`;

const root = fileURLToPath(new URL('..', import.meta.url));

const parse = () =>
  parseArgs({
    allowPositionals: true,
    options: {
      size: { type: 'string', default: '1.1B' },
      methods: { type: 'string' },
      rounds: { type: 'string', default: '3' },
      'no-mergekit': { type: 'boolean', default: false },
      continue: { type: 'boolean', default: false },
      results: { type: 'string' },
      dir: { type: 'string', default: join(tmpdir(), 'amalgam-bench') },
      keep: { type: 'boolean', default: false },
      threads: { type: 'string' },
      'max-memory': { type: 'string' },
      table: { type: 'boolean', default: false },
      profile: { type: 'boolean', default: false },
      planning: { type: 'boolean', default: false },
      evaluation: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });

/** A mistake in the arguments: shown with the usage, without a stack. */
class UsageError extends Error {}

const check = (condition, message) => {
  if (!condition) throw new UsageError(message);
};

const checkedOptions = ({ values, positionals }) => {
  const given = values.profile && positionals.length > 0 ? positionals : values.methods?.split(',');
  const methods = given ?? Object.keys(recipes);
  const unknown = methods.find((method) => !Object.hasOwn(recipes, method));
  check(unknown === undefined, `no method ${unknown}; one of: ${Object.keys(recipes).join(', ')}`);
  check(Object.hasOwn(sizes, values.size), `no size ${values.size}; one of: ${Object.keys(sizes).join(', ')}`);
  const rounds = Number(values.rounds);
  check(Number.isInteger(rounds) && rounds > 0, `--rounds ${values.rounds} is not a positive whole number`);
  check(values.profile || values.table || positionals.length === 0, `what is ${positionals[0]}?`);
  const flags = ['threads', 'max-memory'].flatMap((name) => (values[name] ? [`--${name}`, values[name]] : []));
  return { ...values, root, methods, rounds, flags, mergekit: !values['no-mergekit'] };
};

/** Aborted, with the reason Stopped, by the first signal that asks this process to end. */
const stopSignal = () => {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => controller.abort(new Stopped(signal)));
  return controller.signal;
};

const main = async () => {
  const parsed = parse();
  if (parsed.values.help) return process.stdout.write(usage);
  const options = checkedOptions(parsed);
  if (options.table) return process.stdout.write(tables(parsed.positionals.flatMap(readRounds)));
  if (options.evaluation) {
    return benchEvaluation({ rounds: options.rounds, threads: Number(options.threads ?? 1) });
  }
  const bench = options.planning ? benchPlanning : options.profile ? benchProfile : benchMerges;
  return bench({ ...options, stop: stopSignal() });
};

try {
  await main();
} catch (error) {
  if (error instanceof Stopped) {
    process.stderr.write('stopped; a run of rounds goes on with the same command and --continue\n');
    process.exitCode = 128 + constants.signals[error.signal];
  } else if (error instanceof UsageError || error.code?.startsWith('ERR_PARSE_ARGS')) {
    process.stderr.write(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
  } else throw error;
}
