import { type Command, Option } from 'commander';
import { computeFlags, displayFlags, evaluationFlags, list, whole } from './flags.js';
import { type MemoryFlags, memoryFlags } from './memory-flags.js';
import { type PlanningFlags, planFlags } from './plan-flags.js';
import type { SessionFlags } from './session.js';
import type { TaskFlags } from './tasks.js';

export type KitFlags = SessionFlags &
  TaskFlags &
  PlanningFlags &
  MemoryFlags & {
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
    readonly eval_batch_size?: number;
    /** False: the merge is made in memory, scored and forgotten. */
    readonly save?: boolean;
  };

/** Adds the flags of `amalgam kit`: those of a merge and its evaluation, and the spellings of the kit. */
export const kitFlags = (command: Command): Command => {
  const same = 'As in the starter kit:';
  const group = (option: Option) => command.addOption(option.helpGroup(same));
  displayFlags(memoryFlags(computeFlags(evaluationFlags(planFlags(command)))))
    .option('--config <file>', "another config than the name's own")
    .option('--data <files...>', 'data in the form of the kit: CSV with id, input, target, answer_choices, eval_type')
    .option('--tasks <names>', 'score on these tasks (names in configs/tasks, or task files)', list)
    .option('--no-eval', 'only merge')
    .option('--no-save', 'merge in memory, score, write no model')
    .option('--force', 'replace an earlier merge');
  group(new Option('-m, --merging_method <name>', 'the name'));
  group(new Option('-d, --dataset_filepaths <files...>', 'the same as --data'));
  group(new Option('-b, --eval_batch_size <n>', 'the same as --batch-size').argParser(whole(1)));
  group(new Option('--output_folder <dir>', 'the same as --results'));
  return command;
};
