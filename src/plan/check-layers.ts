import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { plural } from '../format.js';
import type { YamlSource } from '../yaml.js';
import type { Architecture, Stack } from './architecture.js';
import type { Describe } from './outline.js';
import type { Participant, SliceRoles } from './roles.js';

/** Layers that models do not have, and sources of one slice that bring different numbers of them. */
export const checkRanges = (
  source: YamlSource,
  { all, slice }: SliceRoles,
  stacks: ReadonlyMap<Participant, Stack>,
): Fault[] => {
  const faults: Fault[] = [];
  const lengths = new Map<number, string>();
  for (const participant of all) {
    const { written } = participant;
    const { layers } = written;
    const depth = stacks.get(participant)?.layers;
    if (layers !== null && depth !== undefined && layers.end > depth) {
      const message = `layers ${layers.start} to ${layers.end} of ${written.reference.text}, which has ${plural(depth, 'layer')}`;
      const hint = `the end is not included: \`[${Math.min(layers.start, depth - 1)}, ${depth}]\` goes to its last layer`;
      faults.push(source.faultAt(layers.path, { code: 'layer-out-of-range', message, hint }));
    }
    const length = layers === null ? depth : layers.end - layers.start;
    if (length !== undefined && !lengths.has(length)) lengths.set(length, written.reference.text);
  }
  if (lengths.size > 1) {
    const list = [...lengths].map(([length, model]) => `${length} of ${model}`).join(', ');
    const message = `the sources of the slice have different numbers of layers: ${list}`;
    const hint = 'every `layer_range` of a slice must be equally long';
    faults.push(source.faultAt([...slice.path, 'sources'], { code: 'unequal-slices', message, hint }, 'key'));
  }
  return faults;
};

/** Whole models of different depth; with `isAllowed` it is only said. */
export const checkDepths = (
  source: YamlSource,
  { all }: SliceRoles,
  describe: Describe,
  reference: Architecture,
  isAllowed: boolean,
): Fault[] =>
  all.flatMap((participant) => {
    const architecture = describe(participant);
    if (architecture === null || architecture === reference) return [];
    return [...reference.stacks.values()].flatMap((stack) => {
      const other = architecture.stacks.get(stack.key);
      if (other === undefined || other.layers === stack.layers) return [];
      const name = participant.written.reference.text;
      const message = `${name} has ${plural(other.layers, 'layer')} in ${other.prefix}, ${reference.model.reference.text} has ${stack.layers}`;
      const hint =
        'choose layers of each with `slices` and `layer_range`, or merge what both have with `--on-mismatch skip`';
      const severity = isAllowed ? 'warning' : 'error';
      const description = {
        severity,
        code: 'depth-mismatch',
        message,
        hint,
        exitCode: exitCodes.incompatible,
      } as const;
      return [source.faultAt(participant.written.path, description)];
    });
  });
