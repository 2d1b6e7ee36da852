import { statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { suggestion } from '../nearest.js';
import type { TaskData } from '../protocol/messages.js';
import type { YamlSource } from '../yaml.js';
import type { HubData, Split, TaskFile } from './task-file.js';

type Found = { readonly data: TaskData | null; readonly faults: readonly Fault[] };

export const isFile = (path: string): boolean => statSync(path, { throwIfNoEntry: false })?.isFile() ?? false;

/** The format that a file's ending stands for. */
export const formatOf = (path: string): 'csv' | 'jsonl' | null => {
  if (/\.(jsonl|ndjson)$/i.test(path)) return 'jsonl';
  return /\.csv$/i.test(path) ? 'csv' : null;
};

const splitMissing = (source: YamlSource, path: readonly string[], split: Split, present: readonly string[]): Found => {
  const fault = {
    code: 'split-missing',
    message: `no \`${split}\` data`,
    hint: suggestion(split, present) ?? 'choose a draw with --split',
  };
  return { data: null, faults: [source.faultAt(path, fault, 'key')] };
};

const hubData = (source: YamlSource, { id, subset, revision, splits, columns }: HubData, wanted: Split): Found => {
  const split = splits[wanted];
  if (split === undefined) return splitMissing(source, ['data', 'hub', 'splits'], wanted, Object.keys(splits));
  const optional = { subset: subset ?? null, split, revision: revision ?? null };
  return { data: { format: 'datasets', source: id, ...optional, columns: columns ?? {} }, faults: [] };
};

/** Where a task's examples of one split are; files must be there. */
export const readTaskData = (source: YamlSource, { data }: TaskFile, split: Split): Found => {
  const { hub, columns, ...files } = data;
  const wrong = (path: readonly string[], code: string, message: string, hint?: string): Found => ({
    data: null,
    faults: [source.faultAt(path, { code, message, hint })],
  });
  if (hub !== undefined) {
    const [other] = [...Object.keys(files), ...(columns === undefined ? [] : ['columns'])];
    if (other === undefined) return hubData(source, hub, split);
    return wrong(['data', other], 'invalid-value', `\`data.${other}\` stands beside \`data.hub\``, 'keep one of them');
  }
  const path = files[split];
  if (path === undefined) return splitMissing(source, ['data'], split, Object.keys(files));
  const file = resolve(dirname(source.file), path);
  const format = formatOf(file);
  if (format === null) {
    return wrong(['data', split], 'invalid-value', `the format of ${path} is not known`, 'name it .csv or .jsonl');
  }
  if (!isFile(file)) {
    const fault = { code: 'data-not-found', message: `there is no file ${file}`, exitCode: exitCodes.notFound };
    return { data: null, faults: [source.faultAt(['data', split], fault)] };
  }
  return {
    data: { format, source: file, subset: null, split: null, revision: null, columns: columns ?? {} },
    faults: [],
  };
};
