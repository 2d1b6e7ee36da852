import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { plural, printable } from '../format.js';
import type { StoredTensor } from '../hub/checkpoint.js';
import { isTiedHead } from '../hub/fit-adapter.js';
import type { OpenedModel } from '../hub/open-model.js';
import { isFloating } from '../hub/safetensors-header.js';
import type { YamlSource } from '../yaml.js';
import type { GroupedTensor } from './draft-steps.js';
import type { Participant } from './roles.js';

const shown = 3;

const shape = (sizes: readonly (number | undefined)[]): string => `[${sizes.join(', ')}]`;

const misfitsOf = ({ adapter, checkpoint }: OpenedModel): string[] => {
  if (adapter === null) return [];
  return [...adapter.updates].flatMap(([name, { a, b, transposed }]) => {
    const target = checkpoint.tensors.get(name);
    const update = transposed ? [a.shape[1], b.shape[0]] : [b.shape[0], a.shape[1]];
    if (target === undefined) {
      const isTied = isTiedHead(name, checkpoint);
      return [`the model has no ${printable(name)}${isTied ? ': its head is the embedding' : ''}`];
    }
    if (!isFloating(target.dtype)) return [`${printable(name)} holds ${target.dtype}, which cannot be updated`];
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
  const isTied =
    opened !== null && [...(opened.adapter?.updates.keys() ?? [])].some((name) => isTiedHead(name, opened.checkpoint));
  const hint = isTied
    ? 'save the model with a head of its own (`tie_word_embeddings: false`), and train the adapter on that'
    : undefined;
  return [source.faultAt(written.path, { code: 'adapter-misfit', message, hint, exitCode: exitCodes.incompatible })];
};

const placeOf = ({ file, offset }: StoredTensor): string => `${file}:${offset}`;

/** Places of the stored tensors that an adapter changes. */
const changedPlaces = ({ adapter, checkpoint }: OpenedModel): ReadonlySet<string> => {
  const targets = [...(adapter?.updates.keys() ?? [])].map((name) => checkpoint.tensors.get(name));
  return new Set(targets.flatMap((stored) => (stored === undefined ? [] : [placeOf(stored)])));
};

/** Adapters of experts whose layout the merge changes: an update of one expert has no place in a tensor of all. */
export const checkExpertAdapters = (source: YamlSource, grouped: readonly GroupedTensor[]): Fault[] => {
  const wrong = new Set<Participant>();
  const places = new Map<OpenedModel, ReadonlySet<string>>();
  for (const { tensor, group } of grouped) {
    for (const { index, view } of group.base === null ? group.inputs : [group.base, ...group.inputs]) {
      const participant = tensor.roles.all[index];
      const opened = participant?.opened;
      if (participant === undefined || !opened?.adapter) continue;
      const isChanged = view.parts.length > 1 || String(view.parts[0]?.shape) !== String(view.shape);
      if (!isChanged) continue;
      const changed = places.get(opened) ?? changedPlaces(opened);
      places.set(opened, changed);
      if (view.parts.some((part) => changed.has(placeOf(part)))) wrong.add(participant);
    }
  }
  return [...wrong].map(({ written }) => {
    const message = `the adapter of ${written.reference.text} changes experts that the base stores in another layout`;
    const hint = 'merge it into its model first, or name a base that stores its experts in the same way';
    return source.faultAt(written.path, { code: 'adapter-layout', message, hint, exitCode: exitCodes.incompatible });
  });
};
