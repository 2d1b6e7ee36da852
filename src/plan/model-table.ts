import { identityOf } from '../hub/reference.js';
import { type MethodName, methodSpec } from '../protocol/methods.js';
import type { PlanModel } from '../protocol/plan.js';
import type { Participant, SliceRoles } from './roles.js';

/** Every model of a merge once, however many slices it takes part in. */
export type ModelTable = {
  readonly models: readonly PlanModel[];
  readonly participants: readonly Participant[];
  /** Index in `models` of a slice's participant, or of the donor. */
  readonly indexOf: (participant: Participant) => number;
};

/** The same model listed twice in one slice counts as two, so that each has its own random masks. */
const keyOf = ({ all }: SliceRoles, participant: Participant): string => {
  const identity = identityOf(participant.written.reference);
  const earlier = all.slice(0, all.indexOf(participant));
  const twins = earlier.filter(({ written }) => identityOf(written.reference) === identity);
  return `${identity}#${twins.length}`;
};

const planModel = ({ written, opened }: Participant, isBase: boolean): PlanModel => {
  const tensors = [...(opened?.checkpoint.tensors.values() ?? [])];
  return {
    reference: written.reference.text,
    path: opened?.checkpoint.path ?? '',
    adapter: opened?.adapter?.path ?? null,
    role: isBase ? 'base' : 'input',
    parameters: tensors.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    bytes: tensors.reduce((sum, { bytes }) => sum + bytes, 0),
  };
};

/** Lists the participants of all slices, bases first in each, then a donor that only gives its configuration. */
export const modelTable = (
  slices: readonly SliceRoles[],
  donor: Participant | null,
  method: MethodName | null,
): ModelTable => {
  const isBaseMerged = method !== null && methodSpec(method).isBaseMerged === true;
  const indices = new Map<string, number>();
  const keys = new Map<Participant, number>();
  const participants: Participant[] = [];
  const bases = new Set<number>();
  for (const roles of slices) {
    for (const participant of roles.all) {
      const key = keyOf(roles, participant);
      const index = indices.get(key) ?? participants.push(participant) - 1;
      indices.set(key, index);
      keys.set(participant, index);
      if (participant === roles.base && !isBaseMerged) bases.add(index);
    }
  }
  if (donor !== null) {
    const key = `${identityOf(donor.written.reference)}#0`;
    const index = indices.get(key) ?? participants.push(donor) - 1;
    if (!indices.has(key)) bases.add(index);
    keys.set(donor, index);
  }
  return {
    models: participants.map((participant, index) => planModel(participant, bases.has(index))),
    participants,
    indexOf: (participant) => keys.get(participant) ?? 0,
  };
};
