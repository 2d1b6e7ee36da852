import { type Command, Option } from 'commander';
import { exitCodes, UserError } from '../errors.js';
import { whole } from './flags.js';

/** Flags of mergekit-yaml that change how, not what: kept so that its command lines work here unchanged. */
export type MergekitFlags = {
  readonly cuda?: boolean;
  readonly gpuRich?: boolean;
  readonly numThreads?: number;
  readonly safeSerialization?: boolean;
};

const accepted: readonly (readonly [flag: string, meaning: string])[] = [
  ['--lazy-unpickle', 'tensors are always read one by one'],
  ['--low-cpu-memory', 'tensors always stream in little memory'],
  ['--read-to-gpu', 'chunks go to the device as they are read'],
  ['--multi-gpu', 'all GPUs compute where --device does not say otherwise'],
  ['--clone-tensors', 'repeated tensors are always written out'],
  ['--async-write', 'reading and writing always overlap'],
  ['--trust-remote-code', 'no code of a model is ever run'],
  ['--lora-merge-cache <dir>', 'adapters are applied while tensors stream'],
  ['--lora-merge-dtype <type>', 'adapters are applied in float32'],
  ['--write-threads <n>', 'each thread writes what it computed'],
];

const name = (flag: string): string => flag.split(' ')[0]?.slice(2) ?? '';

/** Adds what an existing mergekit-yaml command line may hold. */
export const mergekitFlags = (command: Command): Command => {
  const group = (option: Option, title: string) => command.addOption(option.helpGroup(title));
  const same = 'As in mergekit:';
  group(new Option('--cuda', 'the same as --device cuda'), same);
  group(new Option('--no-cuda').hideHelp(), same);
  group(new Option('--gpu-rich', 'the same as --device cuda'), same);
  group(new Option('-j, --num-threads <n>', 'the same as --threads').argParser(whole(1)), same);
  group(new Option('-v, --verbose', 'accepted; --debug shows traces'), same);
  group(new Option('--safe-serialization', 'output is always safetensors').default(true), same);
  group(new Option('--no-safe-serialization').hideHelp(), same);
  for (const [flag, meaning] of accepted) {
    group(new Option(flag, meaning), 'Accepted from mergekit, nothing to do here:');
    if (!flag.includes('<')) group(new Option(`--no-${name(flag)}`).hideHelp(), same);
  }
  return command;
};

/** The device and threads that the flags of both tools ask for. */
export const computeOf = ({
  device,
  threads,
  cuda,
  gpuRich,
  numThreads,
}: MergekitFlags & { readonly device: string; readonly threads?: number }): {
  device: string;
  threads: number | null;
} => ({
  device: device === 'auto' && (cuda || gpuRich) ? 'cuda' : device,
  threads: threads ?? numThreads ?? null,
});

/** Refuses what cannot be honoured. */
export const refuseUnsafeSerialization = ({ safeSerialization }: MergekitFlags): void => {
  if (safeSerialization !== false) return;
  throw new UserError({
    code: 'safetensors-only',
    message: 'amalgam writes safetensors only; pickled weights can run code where they are loaded',
    hint: 'leave --no-safe-serialization out',
    exitCode: exitCodes.usage,
  });
};
