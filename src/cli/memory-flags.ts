import type { Command } from 'commander';
import { bytes } from './flags.js';

export type MemoryFlags = {
  /** Most bytes that the worker may hold while it merges. */
  readonly maxMemory?: number;
};

/** Adds the limit of memory. */
export const memoryFlags = (command: Command): Command =>
  command.option(
    '--max-memory <size>',
    'most memory of the worker while it merges, such as 512MiB (default: a quarter of what is free, at most 2GiB)',
    bytes,
  );
