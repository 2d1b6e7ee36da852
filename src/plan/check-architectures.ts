import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { printable } from '../format.js';
import type { Recipe } from '../recipe/recipe.js';
import type { Participant } from './roles.js';

const className = ({ written, opened }: Participant): string | null => {
  const listed = opened?.checkpoint.config?.architectures;
  const [first] = Array.isArray(listed) ? listed : [];
  return written.architecture ?? (typeof first === 'string' ? first : null);
};

/** Class and `model_type`, or null where config.json does not tell. */
const architectureOf = (participant: Participant): string | null => {
  const type = participant.opened?.checkpoint.config?.model_type;
  const name = className(participant);
  if (name === null) return null;
  return typeof type === 'string' && participant.written.architecture === null ? `${name} (${type})` : name;
};

/** Models of different classes are merged only on request. */
export const checkArchitectures = (
  { source }: Recipe,
  participants: readonly Participant[],
  isAllowed: boolean,
): Fault[] => {
  const known = participants.flatMap((participant) => {
    const architecture = architectureOf(participant);
    return architecture === null ? [] : [{ participant, architecture }];
  });
  const [first] = known;
  if (first === undefined) return [];
  return known
    .filter(
      ({ architecture }) =>
        architecture.split(' ')[0] !== first.architecture.split(' ')[0] ||
        isOtherType(architecture, first.architecture),
    )
    .map(({ participant, architecture }) => {
      const name = participant.written.reference.text;
      const message = `${name} is a ${printable(architecture)}, ${first.participant.written.reference.text} a ${printable(first.architecture)}`;
      const hint = isAllowed ? undefined : '`--allow-crimes` merges models of different architectures all the same';
      const severity = isAllowed ? 'warning' : 'error';
      const description = {
        severity,
        code: 'different-architectures',
        message,
        hint,
        exitCode: exitCodes.incompatible,
      } as const;
      return source.faultAt(participant.written.path, description);
    });
};

/** Whether two descriptions name a type each, and not the same. */
const isOtherType = (a: string, b: string): boolean => {
  const [typeOfA, typeOfB] = [a, b].map((text) => text.split(' ')[1]);
  return typeOfA !== undefined && typeOfB !== undefined && typeOfA !== typeOfB;
};
