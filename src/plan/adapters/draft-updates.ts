import type { LoraPair } from '../../hub/adapter.js';
import type { AdapterInput, AdapterStep, Dtype } from '../../protocol/plan.js';
import type { DraftContext, DraftedStep, GroupedTensor } from '../draft-steps.js';
import { draftSteps } from '../draft-steps.js';
import type { Member } from '../group.js';
import type { OutputTensor } from '../layout.js';
import type { OperationTable } from '../operations.js';
import type { Participant } from '../roles.js';
import { loraOf } from '../steps.js';
import { promote } from '../tensor-view.js';
import { isReplaced } from './replaced.js';
import { makesAdapter, rankOf } from './space.js';

/** A merged update before it has a place in a file. */
export type DraftedUpdate = {
  readonly step: Omit<AdapterStep, 'factors' | 'step'>;
  readonly isEmbedding: boolean;
  /** What the factors are stored as, or the draft that they are added to. */
  readonly to: { readonly a: OutputTensor; readonly b: OutputTensor } | number;
};

export type DraftedAdapters = { readonly drafts: readonly DraftedStep[]; readonly updates: readonly DraftedUpdate[] };

/** What peft puts before every name of the base. */
export const adapterPrefix = 'base_model.model.';

/** The module of a weight. */
export const moduleOf = (tensor: string): string => tensor.replace(/\.weight$/, '');

const factorName = (tensor: string, isEmbedding: boolean, factor: 'A' | 'B'): string =>
  `${adapterPrefix}${moduleOf(tensor)}.${isEmbedding ? `lora_embedding_${factor}` : `lora_${factor}.weight`}`;

const pairOf = ({ opened }: Participant, name: string): LoraPair[] => {
  const pair = opened?.adapter?.updates.get(name);
  return pair === undefined ? [] : [pair];
};

/** The update that adapters make of one weight; null where none does. */
const draftUpdate = (
  { tensor, group }: GroupedTensor,
  { recipe, models, table, files }: DraftContext,
): (Pick<DraftedUpdate, 'step' | 'isEmbedding'> & { dtype: Dtype }) | null => {
  const { roles, name } = tensor;
  const pairs = roles.all.flatMap((participant) => pairOf(participant, name));
  const [first] = pairs;
  const [view] = group.base === null ? group.inputs : [group.base];
  if (first === undefined || view === undefined) return null;
  const inputOf = (participant: Participant): AdapterInput => ({
    model: models.indexOf(participant),
    lora: loraOf(participant.opened?.adapter ?? null, name, files),
  });
  const members = roles.inputs.map((_, at): Member => ({ ...view, index: at + (roles.base === null ? 0 : 1) }));
  const { mode, padding } = recipe.adapters;
  const shape = [...group.shape];
  const step = {
    tensor: name,
    shape,
    mode,
    operation: table.indexFor(tensor, members),
    base: roles.base === null ? null : inputOf(roles.base),
    inputs: roles.inputs.map(inputOf),
    rank: rankOf(recipe.adapters, { ranks: pairs.map(({ a }) => a.shape[0] ?? 0), shape }),
    padding,
    // The starter kit loads what it has merged with the first adapter's settings.
    scale: mode === 'factor' && first.scale !== 0 ? first.scale : 1,
  };
  const dtype = recipe.outputDtype ?? promote(pairs.flatMap(({ a, b }) => [a.dtype, b.dtype]));
  return { step, isEmbedding: first.isEmbedding, dtype };
};

/** The tensor as the base has it; the copy in an adapter only where nobody has it otherwise. */
const asItIs = ({ tensor, group }: GroupedTensor): GroupedTensor => {
  const members = group.base === null ? group.inputs : [group.base, ...group.inputs];
  const isOwn = ({ index }: Member) => !tensor.roles.all[index]?.opened?.adapter?.replacements.has(tensor.name);
  const member = members.find(isOwn) ?? members[0];
  return { tensor, group: { ...group, how: 'copy', base: null, inputs: member === undefined ? [] : [member] } };
};

const isWhole = ({ tensor: { roles, name } }: GroupedTensor): boolean => isReplaced(roles.all, name);

/** Whole weights merged beside factors keep their length, whatever is said for the factors. */
const withLength = (drafted: DraftedStep, { operations }: OperationTable): DraftedStep => {
  const { operation } = drafted.step;
  const own = operation === null ? undefined : operations[operation];
  if (own?.method !== 'slerp' || own.shared.norm !== 'unit') return drafted;
  const wanted = { ...own, shared: { ...own.shared, norm: 'preserve' } };
  const known = operations.findIndex((each) => JSON.stringify(each) === JSON.stringify(wanted));
  return { ...drafted, step: { ...drafted.step, operation: known === -1 ? operations.push(wanted) - 1 : known } };
};

/** The tensors of an adapter: factors, and weights that adapters replace. */
const draftAdapter = (grouped: readonly GroupedTensor[], context: DraftContext): DraftedAdapters => {
  const drafts = draftSteps(grouped.filter(isWhole), context).map((drafted) => {
    const { step, dtype } = withLength(drafted, context.table);
    return { step: { ...step, tensor: `${adapterPrefix}${step.tensor}` }, dtype };
  });
  const updates = grouped.flatMap((each): DraftedUpdate[] => {
    const drafted = draftUpdate(each, context);
    if (drafted === null) return [];
    const { step, isEmbedding, dtype } = drafted;
    const [rows = 0, columns = 0] = step.inputs.some(({ lora }) => lora?.transposed)
      ? [...step.shape].reverse()
      : step.shape;
    const a = { name: factorName(step.tensor, isEmbedding, 'A'), dtype, shape: [step.rank, columns] };
    const b = { name: factorName(step.tensor, isEmbedding, 'B'), dtype, shape: [rows, step.rank] };
    return [{ step, isEmbedding, to: { a, b } }];
  });
  return { drafts, updates };
};

/** The tensors of the base with the merged updates added. */
const draftModel = (grouped: readonly GroupedTensor[], context: DraftContext): DraftedAdapters => {
  const plain = draftSteps(
    grouped.map((each) => (isWhole(each) ? each : asItIs(each))),
    context,
  );
  const updates: DraftedUpdate[] = [];
  const drafts = plain.map((drafted, index): DraftedStep => {
    const each = grouped[index];
    if (each === undefined || isWhole(each)) return withLength(drafted, context.table);
    const update = draftUpdate(each, context);
    if (update === null) return drafted;
    updates.push({ step: update.step, isEmbedding: update.isEmbedding, to: index });
    const inputs = drafted.step.inputs.map((input) => ({ ...input, lora: null }));
    return { ...drafted, step: { ...drafted.step, inputs, operation: context.table.unchanged() } };
  });
  return { drafts, updates };
};

/** Steps of a merge of adapters by their factors. */
export const draftAdapters = (grouped: readonly GroupedTensor[], context: DraftContext): DraftedAdapters =>
  makesAdapter(context.recipe) ? draftAdapter(grouped, context) : draftModel(grouped, context);
