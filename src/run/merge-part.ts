import { existsSync, rmSync } from 'node:fs';
import { resolve } from 'node:path';
import { UserError } from '../errors.js';
import { formatBytes } from '../format.js';
import { partsOf, placesOf } from '../plan/parts.js';
import type { Plan } from '../protocol/plan.js';
import { type MergeOptions, streamPlan, tellMerged, type WorkerOptions, withWorker } from './merge.js';
import { writing } from './output.js';
import { ownPath, type PartNumber, readMark, writeMark } from './part-marks.js';
import { openPartStaging } from './part-staging.js';
import { digestTensors } from './tensor-digests.js';
import { writePlan } from './write-plan.js';

export type MergePartOptions = Omit<WorkerOptions, 'tasks'> & {
  readonly plan: Plan;
  readonly streamingOn?: MergeOptions['streamingOn'];
  readonly output: string;
  readonly force: boolean;
  readonly version: string;
  readonly part: PartNumber;
};

/** What became of the shared folder, where a part cannot go on without it. */
const explain = (error: unknown, directory: string): unknown =>
  existsSync(directory)
    ? error
    : new UserError({
        code: 'staging-gone',
        message: `${directory} is gone: the merge was finished or removed meanwhile`,
        cause: error,
      });

/** Carries out one part of a plan in the folder that all parts share; nothing is published. */
export const runMergePart = async (options: MergePartOptions): Promise<void> => {
  const { plan, part, emit, signal } = options;
  const output = resolve(options.output);
  const directory = openPartStaging({ ...options, output }, part.of);
  const name = `part ${part.number} of ${part.of}`;
  const tell = (message: string) => emit({ type: 'log', level: 'info', message });
  if (readMark(directory, part) !== null) return tell(`${name} was complete already`);
  const own = partsOf(plan, part.of)[part.number - 1] ?? { steps: [], adapterSteps: [] };
  const places = placesOf(plan, own);
  const bytes = places.reduce((sum, place) => sum + place.bytes, 0);
  const planPath = ownPath(directory, part, 'plan.json');
  try {
    writing(output, () => writePlan(planPath, plan));
    const quiet = { ...options, tasks: [] };
    await withWorker(quiet, async (worker) => {
      emit({ type: 'merge-started', bytesTotal: bytes, tensorsTotal: own.steps.length + own.adapterSteps.length });
      tellMerged(await streamPlan(worker, { planPath, directory, part: own }, quiet), emit);
    });
    const digests = await digestTensors(directory, plan, places, signal);
    writing(output, () => writeMark(directory, { plan: plan.hash, part: part.number, of: part.of, bytes, digests }));
    tell(`${name} is complete (${formatBytes(bytes)}); when all are: amalgam finish ${options.output}`);
  } catch (error) {
    throw explain(error, directory);
  } finally {
    rmSync(planPath, { force: true });
  }
};
