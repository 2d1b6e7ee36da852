import { resolve } from 'node:path';
import { Command } from 'commander';
import { type CliContext, packageVersion } from './context.js';
import type { EvaluateFlags } from './evaluate.js';
import { exitCodesText } from './exit-codes-text.js';
import type { FinishFlags } from './finish.js';
import { computeFlags, displayFlags, evaluationFlags, list, part, replayFlags, whole } from './flags.js';
import { type KitFlags, kitFlags } from './kit-flags.js';
import { memoryFlags } from './memory-flags.js';
import type { MergeFlags } from './merge.js';
import { mergekitFlags } from './mergekit-flags.js';
import type { PlanFlags } from './plan.js';
import { planFlags } from './plan-flags.js';
import type { ReplayFlags } from './replay.js';

const start = `
Start with:
  $ amalgam                      choose a recipe on the screen
  $ amalgam help merge           flags and examples of one command
  $ amalgam exit-codes           what the exit codes mean`;

const examples = (...lines: readonly string[]): string =>
  `\nExamples:\n${lines.map((line) => `  $ ${line}`).join('\n')}`;

/** The command line; `done` receives the exit code of the command that ran. Each command is loaded when it is called. */
export const createProgram = (context: CliContext, done: (exitCode: number) => void): Command => {
  const { env, cwd, stdout } = context;
  const program = new Command('amalgam')
    .description('Merge language models from the terminal and see at once whether the merge was any good.')
    .version(packageVersion)
    .showSuggestionAfterError()
    .exitOverride()
    .configureOutput({
      writeOut: (text) => void stdout.write(text),
      writeErr: (text) => void context.stderr.write(text),
    })
    .addHelpText('after', start);
  const command = (name: string, description: string): Command => program.command(name).description(description);

  const mergeCommand = command('merge', 'merge the models of a recipe into a new folder');
  mergekitFlags(displayFlags(memoryFlags(computeFlags(evaluationFlags(planFlags(mergeCommand))))))
    .argument('<recipe>', 'YAML file in the dialect of mergekit or of the LLM-Merging starter kit')
    .argument('[out]', 'folder to make; not needed with --no-save')
    .option('--eval <tasks>', 'score the merge and every model it is made of on these tasks', list)
    .option('--no-save', 'merge in memory, score, and write no model')
    .option('--force', 'replace an earlier merge')
    .option(
      '--part <k/n>',
      'do the k-th of n parts, on any machine that shares the disk; publish with `amalgam finish`',
      part,
    )
    .addHelpText(
      'after',
      examples(
        'amalgam merge configs/recipes/zoo/ties.yml out/ties --eval arithmetic,knowledge,summary',
        'amalgam merge recipe.yml --eval arithmetic,summary --no-save',
        'amalgam merge recipe.yml out/merged --json > run.ndjson',
        'amalgam merge recipe.yml out/merged --part 3/8',
        'amalgam merge mergekit.yaml out/merged --copy-tokenizer --out-shard-size 1B --lazy-unpickle',
      ),
    )
    .action(async (recipe: string, out: string | undefined, flags: MergeFlags & { eval?: string[] }) => {
      const { startWorkerAhead } = await import('./start-worker-ahead.js');
      const ahead = flags.eval === undefined ? startWorkerAhead(context) : undefined;
      const { merge } = await import('./merge.js');
      done(await merge(context, recipe, out, { ...flags, ...(flags.eval && { tasks: flags.eval }) }, ahead));
    });

  displayFlags(command('finish', 'check that all parts of a merge are complete, and publish it'))
    .argument('<out>', 'the folder that was given to `amalgam merge … --part`')
    .option('--verify', 'read every tensor again and compare it with the checksum of its part')
    .option('--force', 'replace an earlier merge')
    .addHelpText('after', examples('amalgam finish out/merged', 'amalgam finish out/merged --verify'))
    .action(async (out: string, flags: FinishFlags) => {
      const { finish } = await import('./finish.js');
      done(await finish(context, out, flags));
    });

  memoryFlags(
    planFlags(command('plan', 'show what a merge would do, or all that is wrong with its recipe; reads no weights')),
  )
    .argument('<recipe>', 'YAML file')
    .option('--threads <n>', 'threads that the merge will have', whole(1))
    .option('--json', 'the whole plan and the faults as JSON')
    .option('-o, --output <file>', 'save the whole plan')
    .addHelpText(
      'after',
      examples('amalgam plan configs/recipes/zoo/ties.yml', 'amalgam plan recipe.yml --json -o plan.json'),
    )
    .action(async (recipe: string, flags: PlanFlags) => {
      const { plan } = await import('./plan.js');
      done(await plan(context, recipe, flags));
    });

  kitFlags(command('kit', 'merge and score by a name of the LLM-Merging starter kit; without a name, list them'))
    .argument('[name]', 'registered name such as slerp_llama2, or a config')
    .argument('[out]', 'folder to make (default output/<name>)')
    .addHelpText(
      'after',
      examples(
        'amalgam kit                    every name with its family, method and models',
        'amalgam kit ties_zoo',
        'amalgam kit slerp_llama2 --data data/validation/cosmos_qa.csv data/validation/xsum.csv',
        'amalgam kit slerp_mine --config llama2_SLERP_V1.yaml --no-eval',
      ),
    )
    .action(async (name: string | undefined, out: string | undefined, flags: KitFlags) => {
      const { kit } = await import('./kit.js');
      done(await kit(context, { name, out }, flags));
    });

  displayFlags(computeFlags(evaluationFlags(command('eval', 'score models on tasks'))))
    .argument('<models...>', 'model folders')
    .requiredOption('--tasks <names>', 'names in configs/tasks, or task files', list)
    .addHelpText(
      'after',
      examples(
        'amalgam eval zoo/decoder/base zoo/decoder/knowledge --tasks knowledge,arithmetic',
        'amalgam eval out/ties --tasks summary --limit 50 --json',
      ),
    )
    .action(async (models: string[], flags: EvaluateFlags) => {
      const { evaluate } = await import('./evaluate.js');
      done(await evaluate(context, models, flags));
    });

  command('methods', 'list the merge methods, or explain one')
    .argument('[name]')
    .option('--json', 'as JSON')
    .addHelpText('after', examples('amalgam methods', 'amalgam methods ties'))
    .action(async (name: string | undefined, { json = false }: { json?: boolean }) => {
      const { listMethods } = await import('./methods.js');
      done(await listMethods(context, name, json));
    });

  command('doctor', 'show what amalgam found on this machine, what it chose and why')
    .option('--json', 'as JSON')
    .option('--live', 'also import torch and compute on each device')
    .addHelpText('after', examples('amalgam doctor', 'amalgam doctor --live', 'amalgam doctor --json'))
    .action(async ({ json = false, live = false }: { json?: boolean; live?: boolean }) => {
      const { doctor } = await import('./doctor.js');
      done(await doctor({ env, cwd, stdout, json, live }));
    });

  replayFlags(command('replay', 'play a recorded run again; needs no Python'))
    .argument('<file>', 'NDJSON from --json or --record')
    .addHelpText('after', examples('amalgam replay run.ndjson', 'amalgam replay run.ndjson --speed 10 --plain'))
    .action(async (file: string, flags: ReplayFlags) => {
      const { replay } = await import('./replay.js');
      done(await replay(context, resolve(cwd, file), flags));
    });

  program
    .command('exit-codes')
    .description('what the exit codes mean')
    .action(() => {
      stdout.write(exitCodesText());
      done(0);
    });

  return program;
};
