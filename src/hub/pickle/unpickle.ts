import { type Cursor, cursorOver } from './cursor.js';
import { allowedGlobals } from './globals.js';
import {
  addTo,
  call,
  type Machine,
  mark,
  push,
  recall,
  refer,
  remember,
  setAttributes,
  take,
  takeToMark,
} from './machine.js';
import { damaged, notRead } from './refusals.js';
import type { Value } from './values.js';

/** A tensor takes some forty, so this is room for fifty thousand in one file. */
const maximumInstructions = 2_000_000;

type Instruction = (machine: Machine, cursor: Cursor) => void;

const pushing =
  (make: (cursor: Cursor) => Value): Instruction =>
  (machine, cursor) =>
    push(machine, make(cursor));

const tuple = (items: Value[]): Value => ({ kind: 'tuple', items });

/** Looks a name up in the list of what is allowed; the name is never resolved any other way. */
const nameGlobal: Instruction = (machine, cursor) => {
  const name = `${cursor.line()}.${cursor.line()}`;
  const value = allowedGlobals.get(name);
  if (value === undefined) {
    throw notRead(machine.label, `its pickle calls for \`${name}\`, which no tensor needs; nothing of it was run`);
  }
  push(machine, value);
};

/** What `torch.save` writes in protocol 2, by the codes of Python's `pickletools`; there is nothing else. */
const instructions: ReadonlyMap<string, Instruction> = new Map<string, Instruction>([
  ['(', mark],
  ['N', pushing(() => null)],
  ['\x88', pushing(() => true)],
  ['\x89', pushing(() => false)],
  ['J', pushing((cursor) => cursor.int32())],
  ['K', pushing((cursor) => cursor.byte())],
  ['M', pushing((cursor) => cursor.uint16())],
  ['\x8a', pushing((cursor) => cursor.long(cursor.byte()))],
  ['G', pushing((cursor) => cursor.double())],
  ['X', pushing((cursor) => cursor.text())],
  [')', pushing(() => tuple([]))],
  [']', pushing(() => ({ kind: 'list', items: [] }))],
  ['}', pushing(() => ({ kind: 'dictionary', items: [] }))],
  ['t', (machine) => push(machine, tuple(takeToMark(machine)))],
  ['\x85', (machine) => push(machine, tuple(take(machine, 1)))],
  ['\x86', (machine) => push(machine, tuple(take(machine, 2)))],
  ['\x87', (machine) => push(machine, tuple(take(machine, 3)))],
  ['a', (machine) => addTo(machine, 'list', take(machine, 1))],
  ['e', (machine) => addTo(machine, 'list', takeToMark(machine))],
  ['s', (machine) => addTo(machine, 'dictionary', take(machine, 2))],
  ['u', (machine) => addTo(machine, 'dictionary', takeToMark(machine))],
  ['q', (machine, cursor) => remember(machine, cursor.byte())],
  ['r', (machine, cursor) => remember(machine, cursor.uint32())],
  ['h', (machine, cursor) => recall(machine, cursor.byte())],
  ['j', (machine, cursor) => recall(machine, cursor.uint32())],
  ['c', nameGlobal],
  ['R', call],
  ['Q', refer],
  ['b', setAttributes],
]);

const byCode: readonly (Instruction | undefined)[] = Array.from({ length: 256 }, (_, code) =>
  instructions.get(String.fromCharCode(code)),
);

const [protocolCode, protocol, stopCode] = [0x80, 2, 0x2e] as const;

const run = (machine: Machine, cursor: Cursor): Value => {
  const { label, stack, marks } = machine;
  if (cursor.byte() !== protocolCode) throw new RangeError('it does not begin as one');
  const version = cursor.byte();
  if (version !== protocol)
    throw notRead(label, `its pickle is of protocol ${version}, where PyTorch writes ${protocol}`);
  for (let count = 0; count < maximumInstructions; count++) {
    const code = cursor.byte();
    if (code === stopCode) {
      const [value] = stack;
      if (value === undefined || stack.length !== 1 || marks.length > 0) throw new RangeError('it leaves values over');
      return value;
    }
    const instruction = byCode[code];
    if (instruction === undefined) {
      throw notRead(
        label,
        `its pickle uses the instruction 0x${code.toString(16).padStart(2, '0')}, which no tensor needs`,
      );
    }
    instruction(machine, cursor);
  }
  throw new RangeError(`it has more than ${maximumInstructions} instructions`);
};

/**
 * What a pickle describes, by an interpreter of the few instructions and names that tensors need. It makes plain
 * values only and calls nothing; time and memory grow with the pickle's length at most.
 */
export const unpickle = (label: string, pickle: Buffer): Value => {
  try {
    return run({ label, stack: [], marks: [], memo: new Map() }, cursorOver(pickle));
  } catch (error) {
    throw error instanceof RangeError ? damaged(label, `its pickle is not in order: ${error.message}`) : error;
  }
};
