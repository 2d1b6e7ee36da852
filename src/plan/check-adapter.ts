import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { plural, printable } from '../format.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { YamlSource } from '../yaml.js';
import type { Participant } from './roles.js';

const shown = 3;

const shape = (sizes: readonly (number | undefined)[]): string => `[${sizes.join(', ')}]`;

const misfitsOf = ({ adapter, checkpoint }: OpenedModel): string[] => {
  if (adapter === null) return [];
  return [...adapter.updates].flatMap(([name, { a, b, transposed }]) => {
    const target = checkpoint.tensors.get(name);
    const update = transposed ? [a.shape[1], b.shape[0]] : [b.shape[0], a.shape[1]];
    if (target === undefined) return [`the model has no ${printable(name)}`];
    if (String(target.shape) === String(update)) return [];
    return [`${printable(name)} is ${shape(target.shape)}, its update ${shape(update)}`];
  });
};

/** Whether every update of an adapter has a weight to go to. */
export const checkAdapter = (source: YamlSource, { written, opened }: Participant): Fault[] => {
  const misfits = opened === null ? [] : misfitsOf(opened);
  if (misfits.length === 0) return [];
  const more = misfits.length > shown ? `; and ${misfits.length - shown} more` : '';
  const message = `${plural(misfits.length, 'update')} of the adapter without a place in the model: ${misfits.slice(0, shown).join('; ')}${more}`;
  return [source.faultAt(written.path, { code: 'adapter-misfit', message, exitCode: exitCodes.incompatible })];
};
