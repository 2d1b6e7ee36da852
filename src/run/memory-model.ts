import { spawn } from 'node:child_process';
import { copyFileSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { exitCodes, UserError } from '../errors.js';
import type { PlanSummary } from '../events.js';
import type { Plan } from '../protocol/plan.js';
import { writePlan } from './write-plan.js';

/** The files of a model that is merged in memory: everything but weights. */
export type MemoryModel = {
  readonly path: string;
  readonly planPath: string;
  readonly remove: () => void;
};

/** Files about weights, which are not there, and words for people. */
const isUnneeded = (name: string): boolean => /\.(index\.json|md)$/i.test(name);

/** Removes a folder when this process has gone, however that came about: its end closes the pipe that is waited for. */
const removeAfterDeath = (folder: string): (() => void) => {
  const guard = spawn('/bin/sh', ['-c', 'read -r _; rm -rf -- "$1"', 'sh', folder], {
    stdio: ['pipe', 'ignore', 'ignore'],
    detached: true,
  });
  // Without a shell the folder goes when the run ends, and stays only after a SIGKILL.
  guard.on('error', () => {});
  guard.unref();
  const { stdin } = guard;
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref();
  stdin.on('error', () => {});
  return () => stdin.end();
};

/** Puts a plan and its side files into a temporary folder that does not outlive the run. */
export const openMemoryModel = (plan: Plan): MemoryModel => {
  const folder = mkdtempSync(join(tmpdir(), 'amalgam-'));
  const release = removeAfterDeath(folder);
  const path = join(folder, 'model');
  const planPath = join(folder, 'plan.json');
  const remove = (): void => {
    rmSync(folder, { recursive: true, force: true });
    release();
  };
  try {
    mkdirSync(path);
    for (const { name, source, text } of plan.sideFiles.filter((file) => !isUnneeded(file.name))) {
      mkdirSync(dirname(join(path, name)), { recursive: true });
      if (source !== null) copyFileSync(source, join(path, name));
      else writeFileSync(join(path, name), text ?? '');
    }
    writePlan(planPath, plan);
  } catch (error) {
    remove();
    throw error;
  }
  return { path, planPath, remove };
};

/** Memory that the libraries of models need beside the tensors, bytes; measured. */
const libraries = 200e6;

/** What a merge in memory takes: its result is kept, at most in float32, and nothing is written. */
export const inMemory = (summary: PlanSummary): PlanSummary => ({
  ...summary,
  shards: 0,
  bytesWritten: 0,
  peakMemory: summary.peakMemory + 4 * summary.parameters + libraries,
});

/** The refusal of a merge that is no model by itself. */
export const adapterInMemory = (): UserError =>
  new UserError({
    code: 'adapter-in-memory',
    message: 'this recipe makes an adapter, and only a whole model is scored in memory',
    hint: 'score it with --adapter-output merged, or save it',
    exitCode: exitCodes.usage,
  });
