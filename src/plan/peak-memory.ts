import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { LoraUpdate, Operation, RowMap, Step, StepInput, TensorRange } from '../protocol/plan.js';
import { inputsOf } from './steps.js';
import { sameShape } from './tensor-view.js';

/** What the worker streams with when nothing else is asked for, on two cores. */
export const defaultChunk = 524_288;
export const threads = 2;

/** Elements of the chunks that whole rows or slabs are put together to, whatever the chunks of others. */
const rowsChunk = 262_144;

/** Anonymous memory of a Python process that has imported torch and streams nothing yet, bytes. */
const torchBytes = 165_000_000;

/** What the worker holds of the plan itself: bytes for each input of a step, and for each origin of rows. */
const inputBytes = 800;
const originBytes = 900;

/** Arrays of four bytes an element that a chunk needs besides those of its inputs. */
const temporaries: Partial<Record<MethodName, number>> = {
  della: 16,
  della_linear: 16,
  arcee_fusion: 20,
  ramplus_tl: 12,
  sce: 20,
};
const otherTemporaries = 8;

/** Sums, factors and what they are computed with, for each column that is interpolated for itself. */
const columnBytes = 180;

const elementsIn = (shape: readonly number[]): number => shape.reduce((product, size) => product * size, 1);

/** Elements that must lie in one chunk, or null: any may. */
const wholeOf = ({ method, shared }: Operation, shape: readonly number[]): number | null => {
  const { whole } = methodSpec(method);
  if (whole === 'slab') return shape.length > 1 ? elementsIn(shape.slice(1)) : elementsIn(shape);
  const isWhole = shared.nuslerp_flatten !== true && shared.nuslerp_row_wise !== true;
  return whole === 'row' && isWhole ? (shape.at(-1) ?? 1) : null;
};

/** Elements of the chunks that a tensor is cut into. */
export const chunkOf = (operation: Operation, shape: readonly number[], chunkElements: number): number => {
  const whole = wholeOf(operation, shape);
  const chunk = whole === null ? chunkElements : Math.max(1, Math.floor(rowsChunk / Math.max(1, whole))) * whole;
  return Math.min(chunk, elementsIn(shape));
};

/** Arrays of a chunk's length: bytes as stored, elements, and a copy; those that are mapped or padded are put together from others. */
const arraysOf = ({ rows, shape }: StepInput, step: Step): number =>
  rows === null && sameShape(shape, step.shape) ? 3 : 6;

/** DELLA's masks, a bit an element, are remembered between passes while they have no more bits than this. */
const rememberedBits = 2 ** 28;

const maskBytes = ({ perInput }: Operation, shape: readonly number[]): number => {
  const bits = elementsIn(shape) * perInput.length;
  return bits <= rememberedBits ? bits / 8 : 0;
};

/** What is kept of a whole tensor while its chunks stream. */
const statisticsOf = (operation: Operation, shape: readonly number[], inputs: number): number => {
  const { method, shared } = operation;
  if (method === 'della' || method === 'della_linear') return maskBytes(operation, shape);
  if (method === 'nuslerp' && shared.nuslerp_row_wise === true && shared.nuslerp_flatten !== true) {
    return columnBytes * elementsIn(shape.slice(1));
  }
  return method === 'model_stock' && shared.filter_wise === true ? 16 * inputs ** 2 * (shape[0] ?? 1) : 0;
};

const elementsOf = ({ shape }: TensorRange): number => elementsIn(shape);

/** Factors as stored, in the type of the computation and the other way round; for DoRA a length and a sum for each output. */
const loraBytes = ({ a, b, magnitude }: LoraUpdate): number =>
  a.bytes + b.bytes + 8 * (elementsOf(a) + elementsOf(b)) + (magnitude === null ? 0 : 32 * elementsOf(magnitude));

/** What one thread holds while it works on a step. */
const bytesFor = (step: Step, operation: Operation, chunkElements: number): number => {
  const all = inputsOf(step);
  const arrays = all.reduce((sum, input) => sum + arraysOf(input, step), 0);
  const others = temporaries[operation.method] ?? otherTemporaries;
  const lora = all.reduce((sum, { lora }) => sum + (lora === null ? 0 : loraBytes(lora)), 0);
  const chunk = 4 * chunkOf(operation, step.shape, chunkElements) * (arrays + others);
  return chunk + lora + statisticsOf(operation, step.shape, all.length);
};

/** Anonymous memory of the worker while it merges, bytes. */
export type MemoryNeed = {
  /** Whatever the number of threads. */
  readonly shared: number;
  /** Of a thread at its most demanding step. */
  readonly perThread: number;
};

type Planned = {
  readonly steps: readonly Step[];
  readonly operations: readonly Operation[];
  readonly rowMaps: readonly RowMap[];
};

/** What the worker needs with chunks of so many elements. */
export const memoryNeed = ({ steps, operations, rowMaps }: Planned, chunkElements: number): MemoryNeed => {
  let perThread = 0;
  let inputs = 0;
  for (const step of steps) {
    inputs += inputsOf(step).length;
    const operation = step.operation === null ? undefined : operations[step.operation];
    if (operation !== undefined) perThread = Math.max(perThread, bytesFor(step, operation, chunkElements));
  }
  const origins = rowMaps.reduce((sum, { runs, fills }) => sum + runs.length + fills.length, 0);
  return { shared: torchBytes + inputBytes * inputs + originBytes * origins, perThread };
};

/** Predicted peak of the worker's anonymous memory, bytes: every thread at its most demanding step. */
export const peakMemory = (
  steps: readonly Step[],
  operations: readonly Operation[],
  rowMaps: readonly RowMap[],
): number => {
  const { shared, perThread } = memoryNeed({ steps, operations, rowMaps }, defaultChunk);
  return shared + threads * perThread;
};
