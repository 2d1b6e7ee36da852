import type { StoredTensor } from '../hub/checkpoint.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { Dtype, InputFile, Step, StepInput, TensorRange } from '../protocol/plan.js';

/** Files of all models in one list, each once. */
export type FileTable = { readonly files: InputFile[]; readonly indexOf: (file: InputFile) => number };

export const fileTable = (): FileTable => {
  const files: InputFile[] = [];
  const known = new Map<string, number>();
  return {
    files,
    indexOf: (file) => {
      const index = known.get(file.path) ?? files.push(file) - 1;
      known.set(file.path, index);
      return index;
    },
  };
};

const range = (file: number, { dtype, shape, offset, bytes }: Omit<StoredTensor, 'file'>): TensorRange => ({
  file,
  offset,
  bytes,
  dtype,
  shape: [...shape],
});

/** One model's tensor as a step reads it, or null where the model lacks it. */
export const stepInput = (
  model: number,
  { checkpoint, adapter }: OpenedModel,
  tensor: string,
  files: FileTable,
): StepInput | null => {
  const stored = checkpoint.tensors.get(tensor);
  const file = stored && checkpoint.files[stored.file];
  if (stored === undefined || file === undefined) return null;
  const update = adapter?.updates.get(tensor);
  return {
    model,
    tensor,
    source: range(files.indexOf(file), stored),
    lora:
      adapter === null || update === undefined
        ? null
        : {
            a: range(files.indexOf(adapter.file), update.a),
            b: range(files.indexOf(adapter.file), update.b),
            scale: update.scale,
            transposed: update.transposed,
          },
  };
};

const floats: readonly Dtype[] = ['F64', 'F32', 'F16', 'BF16'];

/** Only floating-point weights are merged; integers and masks are copied where all models agree. */
export const isMergeable = (dtype: Dtype): boolean => floats.includes(dtype);

/** The common type of several inputs, as torch promotes them: float16 with bfloat16 needs float32. */
export const promote = (dtypes: readonly Dtype[]): Dtype => {
  const kinds = new Set(dtypes);
  const [only] = kinds;
  if (kinds.size === 1 && only !== undefined) return only;
  return kinds.has('F64') ? 'F64' : 'F32';
};

export const inputsOf = ({ base, inputs }: Pick<Step, 'base' | 'inputs'>): readonly StepInput[] =>
  base === null ? inputs : [base, ...inputs];
