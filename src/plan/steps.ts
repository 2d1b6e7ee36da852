import type { Adapter } from '../hub/adapter.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { HeaderEntry } from '../hub/safetensors-header.js';
import type { InputFile, LoraUpdate, Step, StepInput, TensorRange } from '../protocol/plan.js';
import { sameShape, type TensorView } from './tensor-view.js';

/** Files of all models in one list, each once. */
export type FileTable = { readonly files: InputFile[]; readonly indexOf: (file: InputFile) => number };

export const fileTable = (): FileTable => {
  const files: InputFile[] = [];
  const known = new Map<string, number>();
  return {
    files,
    indexOf: (file) => {
      const found = known.get(file.path);
      if (found !== undefined) return found;
      known.set(file.path, files.length);
      return files.push(file) - 1;
    },
  };
};

const copies = new WeakMap<readonly number[], number[]>();

/** A shape in the form of the plan: the same for tensors that share theirs. */
export const planned = (shape: readonly number[]): number[] => {
  const copy = copies.get(shape) ?? [...shape];
  copies.set(shape, copy);
  return copy;
};

const range = (file: number, { dtype, shape, offset, bytes }: HeaderEntry): TensorRange => ({
  file,
  offset,
  bytes,
  dtype,
  shape: planned(shape),
});

/** What an adapter adds to the tensor of that name. */
export const loraOf = (adapter: Adapter | null, tensor: string, files: FileTable): LoraUpdate | null => {
  const update = adapter?.updates.get(tensor);
  if (adapter === null || update === undefined) return null;
  return {
    a: range(files.indexOf(adapter.file), update.a),
    b: range(files.indexOf(adapter.file), update.b),
    scale: update.scale,
    transposed: update.transposed,
    magnitude: update.magnitude && range(files.indexOf(adapter.file), update.magnitude),
  };
};

const fileOf = ({ path, files }: OpenedModel['checkpoint'], index: number): InputFile => {
  const file = files[index];
  if (file === undefined) throw new Error(`${path} has no file ${index}`);
  return file;
};

/** One model's tensor as a step reads it; `rows` is the index of the map that brings its rows to the output's. */
export const stepInput = (
  model: number,
  { checkpoint, adapter }: OpenedModel,
  { name, shape, parts }: TensorView,
  files: FileTable,
  rows: number | null = null,
): StepInput => ({
  model,
  tensor: name,
  shape: planned(shape),
  parts: parts.map((part) => range(files.indexOf(fileOf(checkpoint, part.file)), part)),
  rows,
  lora: loraOf(adapter, name, files),
});

/** Ranges of files that an input is read from. */
export const rangesOf = ({ parts, lora }: StepInput): readonly TensorRange[] =>
  lora === null ? parts : [...parts, lora.a, lora.b, ...(lora.magnitude === null ? [] : [lora.magnitude])];

/** Whether the worker may take an input's bytes for the tensor itself. */
export const isPlain = (input: StepInput, shape: readonly number[]): boolean =>
  input.lora === null && input.rows === null && input.parts.length === 1 && sameShape(input.shape, shape);

export const inputsOf = ({ base, inputs }: Pick<Step, 'base' | 'inputs'>): readonly StepInput[] =>
  base === null ? inputs : [base, ...inputs];

/** Bytes of files that a step is made of, each counted once. */
export const bytesReadBy = (step: Pick<Step, 'base' | 'inputs'>): number =>
  inputsOf(step).reduce((sum, input) => sum + rangesOf(input).reduce((all, { bytes }) => all + bytes, 0), 0);
