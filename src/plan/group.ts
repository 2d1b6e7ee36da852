import { type MethodName, methodSpec } from '../protocol/methods.js';
import { type Fitted, fitShapes, type MismatchOptions } from './fit-shapes.js';
import type { OutlinedTensor } from './outline.js';
import { countFor, countName, type Problems } from './problems.js';
import { isOptional } from './tensor-roles.js';
import { isMergeable, promote, type TensorView } from './tensor-view.js';

/** A participant's tensor; `index` counts the participants of the slice. */
export type Member = { readonly index: number; readonly view: TensorView };

/** Which tensors make one of the output, and how: by the method, or as the first of them is. */
export type Group = {
  readonly how: 'merge' | 'copy';
  readonly shape: readonly number[];
  readonly base: Member | null;
  readonly inputs: readonly Member[];
  readonly rows: Fitted['rows'];
};

type Choice = Pick<Group, 'how' | 'base' | 'inputs'>;

const groupOf = ({ shape, rows }: Fitted, { how, base, inputs }: Choice): Group => ({ how, shape, base, inputs, rows });

type Halves = { readonly base: Member | null; readonly inputs: readonly Member[] };

const halvesOf = ({ roles }: OutlinedTensor, members: readonly Member[]): Halves => ({
  base: roles.base === null || members[0]?.index !== 0 ? null : members[0],
  inputs: roles.base === null || members[0]?.index !== 0 ? members : members.slice(1),
});

const copyOf = (member: Member): Choice => ({ how: 'copy', base: null, inputs: [member] });

/** Those that fit, with the base's tensor as it is where they are too few for the method. */
const fewer = (tensor: OutlinedTensor, { base, inputs }: Halves, method: MethodName): Choice | null => {
  if (tensor.roles.base !== null && base === null) return null;
  if (inputs.length >= methodSpec(method).inputs.minimum) return { how: 'merge', base, inputs };
  const kept = base ?? inputs[0];
  return kept === undefined ? null : copyOf(kept);
};

/** An optional tensor that some models lack; null where it is left out, undefined where the method cannot do without them. */
const partial = ({ base, inputs }: Halves, method: MethodName): Choice | null | undefined => {
  const { inputs: counts, lone: policy } = methodSpec(method);
  const merge = { how: 'merge', base, inputs } as const;
  const [lone, second] = base === null ? inputs : [base, ...inputs];
  const alone = second === undefined && lone !== undefined ? copyOf(lone) : undefined;
  switch (policy) {
    case 'merge-present':
      return inputs.length > 0 ? merge : undefined;
    case 'pass':
      return alone;
    case 'pass-base':
      return base === null ? undefined : alone;
    case 'skip':
      if (base !== null && inputs.length >= counts.minimum) return merge;
      return base === null ? null : (alone ?? null);
    case 'error':
      return base !== null && inputs.length >= counts.minimum ? merge : undefined;
  }
};

const membersOf = (views: OutlinedTensor['views']): Member[] => {
  const all = views.map((view, index) => (view === null ? null : { index, view }));
  return all.every((member) => member !== null) ? all : all.filter((member) => member !== null);
};

/** Decides which models take part in a tensor; null where it cannot be made or is left out, and `problems` knows why. */
export const groupTensor = (
  tensor: OutlinedTensor,
  method: MethodName | null,
  options: MismatchOptions,
  problems: Problems,
): Group | null => {
  const { roles, views, name } = tensor;
  const present = membersOf(views);
  const isWhole = present.length === views.length;
  const absent = isWhole ? [] : roles.all.filter(({ opened }, index) => opened !== null && views[index] === null);
  const isSkipping = options.onMismatch === 'skip';
  const fitted = fitShapes(tensor, present, options, problems);
  const giveUp = (): null => {
    for (const { written } of absent) countFor(problems.missing, written, name);
    return null;
  };
  if (absent.length > 0 && !isSkipping && !isOptional(tensor.key)) return giveUp();
  if (fitted === null || method === null) return null;
  const { members } = fitted;
  const [first] = members;
  if (first === undefined) return null;
  if (!isMergeable(promote(members.map(({ view }) => view.dtype)))) {
    if (members.some(({ view }) => view.dtype !== first.view.dtype)) problems.dtypes.add(name);
    return groupOf(fitted, { how: 'copy', base: null, inputs: members });
  }
  const halves = halvesOf(tensor, members);
  if (members.length === views.length) return groupOf(fitted, { how: 'merge', ...halves });
  if (isSkipping || members.length < present.length) {
    for (const { written } of absent) countFor(problems.skipped, written, name);
    const group = fewer(tensor, halves, method);
    if (group === null) countName(problems.dropped, name);
    return group && groupOf(fitted, group);
  }
  const group = partial(halves, method);
  if (group === undefined) return giveUp();
  if (group === null) countName(problems.dropped, name);
  return group && groupOf(fitted, group);
};
