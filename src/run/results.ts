import { mkdirSync } from 'node:fs';
import { exitCodes, UserError } from '../errors.js';
import { csvText } from '../evaluation/csv.js';
import { kitResult } from '../evaluation/kit-result.js';
import { type ModelResult, scoreboardOf } from '../evaluation/scoreboard.js';
import type { ScoreRow } from '../events.js';
import type { EvaluationTask, TaskResult } from '../protocol/messages.js';
import { fileNames } from './file-names.js';
import { clearResults, scoresName, writeWhole } from './results-folder.js';

export type ResultsOptions = {
  readonly folder: string;
  /** Of this program. */
  readonly version: string;
  readonly models: readonly { readonly name: string; readonly role: ScoreRow['role'] }[];
  readonly tasks: readonly Pick<EvaluationTask, 'name' | 'kind'>[];
  readonly limit: number | null;
  readonly sampleSeed: number | null;
};

/** Result files of an evaluation, written anew after every model. */
export type Results = { readonly write: (results: readonly ModelResult[]) => void };

const resultName = 'result.json';

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

const predictionLines = ({ ids, predictions, scores }: TaskResult): string =>
  ids
    .map((id, index) => JSON.stringify({ id, prediction: predictions[index] ?? '', score: scores[index] ?? null }))
    .map((line) => `${line}\n`)
    .join('');

const submission = ({ ids, predictions }: TaskResult): string =>
  csvText([['id', 'prediction', 'dummy_field'], ...ids.map((id, index) => [id, predictions[index] ?? '', '0'])]);

/** Runs a step that writes; what the disk refuses becomes an error that says so. */
const writing = (folder: string, step: () => void): void => {
  try {
    step();
  } catch (cause) {
    if (cause instanceof UserError || !(cause instanceof Error) || !('code' in cause)) throw cause;
    throw new UserError({
      code: 'results-unwritable',
      message: `cannot write the results in ${folder}: ${cause.message}`,
      hint: 'choose another folder with --results',
      exitCode: exitCodes.noSpace,
      cause,
    });
  }
};

/** Prepares a folder of results: what an earlier evaluation wrote there is removed, other files are left alone. */
export const openResults = ({ folder, version, models, tasks, limit, sampleSeed }: ResultsOptions): Results => {
  const modelFolders = fileNames(models.map(({ name }) => name));
  const taskFiles = fileNames(tasks.map(({ name }) => name));
  const main = models.find(({ role }) => role === 'merge') ?? (models.length === 1 ? models[0] : undefined);
  const predictionsOf = (model: string, task: number): string =>
    `predictions/${modelFolders[models.findIndex(({ name }) => name === model)]}/${taskFiles[task]}.jsonl`;
  const submissions = tasks.flatMap(({ kind }, task) =>
    kind === 'harness' ? [] : [{ task, name: `${taskFiles[task]}.csv` }],
  );
  const files = [
    scoresName,
    ...(main === undefined ? [] : [resultName, ...submissions.map(({ name }) => name)]),
    ...models.flatMap(({ name }) => tasks.map((_, task) => predictionsOf(name, task))),
  ];
  const written = new Set<string>();

  const writeModel = ({ name, results }: ModelResult): void => {
    for (const [task, result] of results.entries()) {
      writeWhole(folder, predictionsOf(name, task), predictionLines(result));
    }
    if (name !== main?.name) return;
    for (const { task, name: file } of submissions) {
      const result = results[task];
      if (result !== undefined) writeWhole(folder, file, submission(result));
    }
    writeWhole(folder, resultName, json(kitResult(results)));
  };

  const write = (results: readonly ModelResult[]): void =>
    writing(folder, () => {
      for (const result of results.filter(({ name }) => !written.has(name))) {
        writeModel(result);
        written.add(result.name);
      }
      const complete = results.length === models.length;
      const scoreboard = scoreboardOf(results);
      writeWhole(
        folder,
        scoresName,
        json({ tool: 'amalgam', version, complete, limit, sampleSeed, files, scoreboard }),
      );
    });

  writing(folder, () => {
    mkdirSync(folder, { recursive: true });
    clearResults(folder);
  });
  write([]);
  return { write };
};
