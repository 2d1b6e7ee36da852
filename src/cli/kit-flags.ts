import { type Command, Option } from 'commander';
import { computeFlags, displayFlags, evaluationFlags, list } from './flags.js';
import { type PlanningFlags, planFlags } from './plan-flags.js';
import type { SessionFlags } from './session.js';
import type { TaskFlags } from './tasks.js';

export type KitFlags = SessionFlags &
  TaskFlags &
  PlanningFlags & {
    readonly device: string;
    readonly threads?: number;
    readonly force?: boolean;
    readonly config?: string;
    readonly data?: readonly string[];
    /** False: merge only. */
    readonly eval?: boolean;
    /** The name, as the kit's own command line has it. */
    readonly merging_method?: string;
    readonly dataset_filepaths?: readonly string[];
    readonly output_folder?: string;
  };

/** Adds the flags of `amalgam kit`: those of a merge and its evaluation, and the spellings of the kit. */
export const kitFlags = (command: Command): Command => {
  const same = 'As in the starter kit:';
  const group = (flags: string, meaning: string) => command.addOption(new Option(flags, meaning).helpGroup(same));
  displayFlags(computeFlags(evaluationFlags(planFlags(command))))
    .option('--config <file>', "another config than the name's own")
    .option('--data <files...>', 'data in the form of the kit: CSV with id, input, target, answer_choices, eval_type')
    .option('--tasks <names>', 'score on these tasks (names in configs/tasks, or task files)', list)
    .option('--no-eval', 'only merge')
    .option('--force', 'replace an earlier merge');
  group('-m, --merging_method <name>', 'the name');
  group('-d, --dataset_filepaths <files...>', 'the same as --data');
  group('--output_folder <dir>', 'the same as <out>');
  return command;
};
