import { rebuilt, storageOf } from './rebuild.js';
import { isKind, type Value } from './values.js';

/** PyTorch pickles the entries of a dictionary in batches of a thousand. */
const maximumDepth = 20_000;

/** Values under construction: those above the last mark are visible. What is out of order throws a RangeError. */
export type Machine = {
  /** What people call the file. */
  readonly label: string;
  readonly stack: Value[];
  readonly marks: number[];
  readonly memo: Map<number, Value>;
};

export const push = ({ stack, marks }: Machine, value: Value): void => {
  if (stack.push(value) + marks.length > maximumDepth) throw new RangeError('it keeps too many values open');
};

export const mark = ({ stack, marks }: Machine): void => {
  if (marks.push(stack.length) + stack.length > maximumDepth) throw new RangeError('it keeps too many values open');
};

export const take = ({ stack, marks }: Machine, count: number): Value[] => {
  if (stack.length - count < (marks.at(-1) ?? 0)) throw new RangeError('it takes a value that is not there');
  return stack.splice(stack.length - count);
};

export const takeToMark = ({ stack, marks }: Machine): Value[] => {
  const bottom = marks.pop();
  if (bottom === undefined) throw new RangeError('it needs a mark that is not there');
  return stack.splice(bottom);
};

const top = ({ stack, marks }: Machine): Value => {
  const value = stack.at(-1);
  if (value === undefined || stack.length <= (marks.at(-1) ?? 0)) {
    throw new RangeError('it needs a value that is not there');
  }
  return value;
};

export const addTo = (machine: Machine, kind: 'list' | 'dictionary', values: readonly Value[]): void => {
  const target = top(machine);
  if (!isKind(target, kind)) throw new RangeError(`it adds to what is no ${kind}`);
  if (kind === 'dictionary' && values.length % 2 !== 0) throw new RangeError('it sets a key without a value');
  for (const value of values) target.items.push(value);
};

export const remember = (machine: Machine, index: number): void => {
  machine.memo.set(index, top(machine));
};

export const recall = (machine: Machine, index: number): void => {
  const value = machine.memo.get(index);
  if (value === undefined) throw new RangeError('it recalls what it never stored');
  push(machine, value);
};

/** Describes what a call would build; nothing is called. */
export const call = (machine: Machine): void => {
  const [callee, given] = take(machine, 2);
  const made = isKind(callee, 'callable') && isKind(given, 'tuple') ? rebuilt(callee.name, given) : undefined;
  if (made === undefined) throw new RangeError('it makes a call that PyTorch does not write');
  push(machine, made);
};

export const refer = (machine: Machine): void => {
  const [identifier = null] = take(machine, 1);
  const storage = storageOf(identifier);
  if (storage === undefined) throw new RangeError('it refers to something that is no storage');
  push(machine, storage);
};

/** Attributes, such as the `_metadata` of a state dict, say nothing of its tensors. */
export const setAttributes = (machine: Machine): void => {
  take(machine, 1);
  if (!isKind(top(machine), 'dictionary')) throw new RangeError('it gives attributes to what can have none');
};
