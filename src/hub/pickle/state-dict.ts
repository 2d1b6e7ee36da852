import { notRead } from './refusals.js';
import { type Dictionary, isKind, type PickledTensor, type Value } from './values.js';

const entriesOf = ({ items }: Dictionary): [Value, Value][] =>
  Array.from({ length: items.length / 2 }, (_, index) => [items[2 * index] ?? null, items[2 * index + 1] ?? null]);

const named = (dictionary: Dictionary, name: string): Value | undefined =>
  entriesOf(dictionary).find(([key]) => key === name)?.[1];

const holdsTensors = (value: Value): boolean =>
  isKind(value, 'dictionary') && value.items.some((item) => isKind(item, 'tensor'));

const described = (value: Value): string =>
  typeof value === 'object' && value !== null ? `a ${value.kind}` : `the value ${String(value).slice(0, 40)}`;

/** Where the tensors of a training's checkpoint probably are. */
const nestedHint = (dictionary: Dictionary): string | undefined => {
  const nested = entriesOf(dictionary).flatMap(([key, value]) => (holdsTensors(value) ? [`\`${String(key)}\``] : []));
  return nested.length === 0
    ? undefined
    : `load it in PyTorch and save what is under ${nested.slice(0, 3).join(' or ')} alone`;
};

/** The tensors of a state dict, at the top of the pickle or under `state_dict`, in the order of the pickle. */
export const stateDict = (label: string, value: Value): Map<string, PickledTensor> => {
  const nested = isKind(value, 'dictionary') ? named(value, 'state_dict') : undefined;
  const dictionary = isKind(nested, 'dictionary') ? nested : value;
  if (!isKind(dictionary, 'dictionary')) throw notRead(label, `it holds ${described(value)}, not tensors by name`);
  const tensors = new Map<string, PickledTensor>();
  for (const [name, tensor] of entriesOf(dictionary)) {
    if (typeof name !== 'string' || !isKind(tensor, 'tensor')) {
      const reason = `\`${String(typeof name === 'object' ? described(name) : name)}\` is ${described(tensor)}, not a tensor`;
      throw notRead(label, reason, nestedHint(dictionary));
    }
    if (tensors.has(name)) throw notRead(label, `it names \`${name}\` twice`);
    tensors.set(name, tensor);
  }
  return tensors;
};
