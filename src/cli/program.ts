import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import type { CliContext } from './context.js';
import { packageVersion } from './context.js';
import { doctor } from './doctor.js';
import { type EvaluateFlags, evaluate } from './evaluate.js';
import { exitCodesText } from './exit-codes-text.js';
import { type MergeFlags, merge } from './merge.js';
import { listMethods } from './methods.js';
import { type PlanFlags, plan } from './plan.js';
import { type ReplayFlags, replay } from './replay.js';

const whole =
  (minimum: number) =>
  (text: string): number => {
    const value = Number(text);
    if (Number.isSafeInteger(value) && value >= minimum) return value;
    throw new InvalidArgumentError(`expected a whole number of at least ${minimum}`);
  };

/** `5GB`, `500MB`, or mergekit's `5B`: decimal bytes. */
const bytes = (text: string): number => {
  const match = /^(\d+(?:\.\d+)?)\s*([KMGT]?)(i?)B?$/i.exec(/^\d+B$/i.test(text) ? `${text.slice(0, -1)}G` : text);
  const power = ['', 'K', 'M', 'G', 'T'].indexOf((match?.[2] ?? '').toUpperCase());
  if (match?.[1] === undefined) throw new InvalidArgumentError('expected a size such as 5GB');
  return Math.round(Number(match[1]) * (match[3] ? 1024 : 1000) ** power);
};

const list = (text: string): string[] =>
  text
    .split(',')
    .map((part) => part.trim())
    .filter(Boolean);

const display = (command: Command): Command =>
  command
    .option('--json', 'events as NDJSON on stdout, nothing else')
    .option('--plain', 'lines instead of the dashboard')
    .option('--no-tui', 'the same as --plain')
    .option('-q, --quiet', 'only errors')
    .option('--record <file>', 'save the events for `amalgam replay`')
    .option('--debug', 'show the traces of errors');

const compute = (command: Command): Command =>
  command
    .option('--device <name>', 'auto, cpu, cuda or cuda:N', 'auto')
    .option('--threads <n>', 'threads of the worker', whole(1));

const evaluation = (command: Command): Command =>
  command
    .addOption(new Option('--split <name>', 'which draw of the tasks').choices(['dev', 'test']).default('test'))
    .option('--limit <n>', 'only the first n examples of each task', whole(1));

const seeded = (command: Command): Command =>
  command
    .option('--seed <n>', 'key of random masks (DARE)', whole(0), 0)
    .option('--shard-size <size>', 'most bytes of one output file (default 5GB)', bytes);

/** The command line; `done` receives the exit code of the command that ran. */
export const createProgram = (context: CliContext, done: (exitCode: number) => void): Command => {
  const program = new Command('amalgam')
    .description('Merge language models from the terminal and see at once whether the merge was any good.')
    .version(packageVersion)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void context.stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
    })
    .addHelpText(
      'after',
      '\nStart with:\n  $ amalgam                      choose a recipe on the screen\n  $ amalgam help merge           flags and examples of one command\n  $ amalgam help exit-codes      what the exit codes mean',
    );

  const examples = (command: Command, lines: readonly string[]) =>
    command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`);

  examples(display(compute(evaluation(seeded(program.command('merge'))))), [
    'amalgam merge configs/recipes/zoo/ties.yml out/ties --eval arithmetic,knowledge,summary',
    'amalgam merge recipe.yml out/merged --json > run.ndjson',
  ])
    .description('merge the models of a recipe into a new folder')
    .argument('<recipe>', 'YAML file in the dialect of mergekit or of the LLM-Merging starter kit')
    .argument('<out>', 'folder to make')
    .option('--eval <tasks>', 'score the merge and every model it is made of on these tasks', list)
    .option('--force', 'replace an earlier merge')
    .action(async (recipe: string, out: string, flags: MergeFlags & { eval?: string[] }) =>
      done(await merge(context, recipe, out, { ...flags, ...(flags.eval && { tasks: flags.eval }) })),
    );

  examples(seeded(program.command('plan')), [
    'amalgam plan configs/recipes/zoo/ties.yml',
    'amalgam plan recipe.yml --json -o plan.json',
  ])
    .description('show what a merge would do, or all that is wrong with its recipe; reads no weights')
    .argument('<recipe>', 'YAML file')
    .option('--json', 'the whole plan and the faults as JSON')
    .option('-o, --output <file>', 'save the whole plan')
    .action(async (recipe: string, flags: PlanFlags) => done(await plan(context, recipe, flags)));

  examples(display(compute(evaluation(program.command('eval')))), [
    'amalgam eval zoo/decoder/base zoo/decoder/knowledge --tasks knowledge,arithmetic',
    'amalgam eval out/ties --tasks summary --limit 50 --json',
  ])
    .description('score models on tasks')
    .argument('<models...>', 'model folders')
    .requiredOption('--tasks <names>', 'names in configs/tasks, or task files', list)
    .action(async (models: string[], flags: EvaluateFlags) => done(await evaluate(context, models, flags)));

  examples(program.command('methods'), ['amalgam methods', 'amalgam methods ties'])
    .description('list the merge methods, or explain one')
    .argument('[name]')
    .option('--json', 'as JSON')
    .action(async (name: string | undefined, flags: { json?: boolean }) =>
      done(await listMethods(context, name, flags.json ?? false)),
    );

  examples(program.command('doctor'), ['amalgam doctor', 'amalgam doctor --json'])
    .description('show what amalgam found on this machine, what it chose and why')
    .option('--json', 'as JSON')
    .action(async (flags: { json?: boolean }) =>
      done(await doctor({ env: context.env, cwd: context.cwd, stdout: context.stdout, json: flags.json ?? false })),
    );

  examples(program.command('replay'), ['amalgam replay run.ndjson', 'amalgam replay run.ndjson --speed 10 --plain'])
    .description('play a recorded run again; needs no Python')
    .argument('<file>', 'NDJSON from --json or --record')
    .option('--speed <factor>', 'how many times as fast', Number, 1)
    .option('--plain', 'lines instead of the dashboard')
    .option('--json', 'the events again')
    .action(async (file: string, flags: ReplayFlags) => done(await replay(context, resolve(context.cwd, file), flags)));

  program
    .command('exit-codes', { hidden: true })
    .description('what the exit codes mean')
    .addHelpText('after', `\n${exitCodesText()}`)
    .action(() => {
      context.stdout.write(exitCodesText());
      done(0);
    });

  return program;
};
