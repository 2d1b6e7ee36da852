import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { MergeParams } from '../../src/protocol/messages.js';
import type { Plan, Step, StepInput } from '../../src/protocol/plan.js';

const rows = 1024;
const elements = rows * rows;
const floatBytes = 4;
const shiftBytes = 64;

/** The plan of a TIES merge of `tensors` MiB-element tensors, which takes a core tens of milliseconds each. */
const tiesPlan = (inputPath: string, tensors: number): Plan => {
  const { size, mtimeNs } = statSync(inputPath, { bigint: true });
  const header = JSON.stringify(
    Object.fromEntries(
      Array.from({ length: tensors }, (_, index) => [
        `layer.${index}`,
        { dtype: 'F32', shape: [rows, rows], data_offsets: [index * elements * 4, (index + 1) * elements * 4] },
      ]),
    ),
  );
  const dataStart = 8 + Buffer.byteLength(header);
  const bytes = elements * floatBytes;
  // Three "models" are three windows onto the same file, a few numbers apart.
  const input = (tensor: string, model: number): StepInput => ({
    model,
    tensor,
    shape: [rows, rows],
    parts: [{ file: 0, offset: model * shiftBytes, bytes, dtype: 'F32', shape: [rows, rows] }],
    rows: null,
    lora: null,
  });
  const steps = Array.from({ length: tensors }, (_, index): Step => {
    const tensor = `layer.${index}`;
    return {
      tensor,
      shape: [rows, rows],
      operation: 0,
      base: input(tensor, 0),
      inputs: [input(tensor, 1), input(tensor, 2)],
      output: { shard: 0, offset: dataStart + index * bytes, bytes, dtype: 'F32' },
    };
  });
  return {
    version: 1,
    hash: 'a'.repeat(64),
    method: 'ties',
    seed: 1,
    models: [],
    files: [{ path: inputPath, bytes: Number(size), modified: String(mtimeNs) }],
    operations: [
      {
        method: 'ties',
        shared: {
          normalize: true,
          rescale: 'none',
          lambda: 1,
          int8_mask: false,
          dialect: 'mergekit',
          trim_scope: 'tensor',
        },
        perInput: [
          { weight: 1, density: 0.5 },
          { weight: 0.5, density: 0.25 },
        ],
      },
    ],
    rowMaps: [],
    shards: [{ name: 'model.safetensors', header, bytes: dataStart + tensors * bytes }],
    steps,
    adapterSteps: [],
    sideFiles: [],
    estimate: { bytesRead: 3 * tensors * bytes, bytesWritten: tensors * bytes, peakMemory: 0, seconds: 1 },
  };
};

/** Writes an input and a plan into `folder`; gives what to send to the worker. */
export const longMerge = (folder: string, { tensors }: { readonly tensors: number }): MergeParams => {
  const inputPath = join(folder, 'input.bin');
  writeFileSync(
    inputPath,
    Float32Array.from({ length: elements + 2 * (shiftBytes / floatBytes) }, (_, i) => Math.sin(i)),
  );
  const directory = join(folder, 'out.partial');
  mkdirSync(directory);
  const planPath = join(directory, 'plan.json');
  writeFileSync(planPath, JSON.stringify(tiesPlan(inputPath, tensors)));
  return { job: 5, planPath, directory, device: 'cpu', threads: 1, chunkElements: 65_536, part: null };
};
