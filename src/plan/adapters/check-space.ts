import { exitCodes } from '../../errors.js';
import { type Fault, type FaultDescription, isError } from '../../fault.js';
import { plural, printable } from '../../format.js';
import type { OpenedModel } from '../../hub/open-model.js';
import type { Recipe } from '../../recipe/recipe.js';
import type { Participant, SliceRoles } from '../roles.js';
import { repeatsBase, replaces } from './replaced.js';
import { askedAt, isInAdapterSpace, makesAdapter } from './space.js';

/** Methods whose result is a weighted sum of the updates whatever they are. */
const weightedSums: readonly string[] = ['linear', 'task_arithmetic'];

const wholeModels = 'with `adapter_mode: delta` and `adapter_output: merged` whole models are merged, too';

/** What the settings cannot mean together. */
const settingFaults = ({ adapters, method, modules, tokenizer, chatTemplate }: Recipe): FaultDescription[] => {
  const { mode, output, rank } = adapters;
  const found: FaultDescription[] = [];
  if ((mode === 'concat' || mode === 'svd') && method !== null && !weightedSums.includes(method)) {
    const message = `adapters are merged by ${mode} with ${weightedSums.join(' and ')} alone, not with ${method}`;
    found.push({ code: 'adapter-method', message, hint: '`adapter_mode: core` takes any method and loses nothing' });
  }
  if (mode === 'concat' && rank !== null) {
    const hint = '`adapter_mode: svd` gives the best adapter of a smaller rank';
    found.push({ code: 'adapter-rank', message: 'concat keeps every rank: `adapter_rank` cannot be chosen', hint });
  }
  if (modules.some(({ form, slices }) => form !== 'models' || slices.length !== 1)) {
    const message = 'layers are stacked, but adapters are merged whole';
    found.push({ code: 'adapter-slices', message, hint: wholeModels });
  }
  if (output === 'adapter' && (tokenizer !== null || chatTemplate !== null)) {
    const message = 'an adapter has no tokenizer of its own';
    found.push({ code: 'adapter-tokenizer', message, hint: 'leave `tokenizer` out, or choose the output `merged`' });
  }
  return found;
};

const incompatible = { exitCode: exitCodes.incompatible };

/** What keeps an adapter from being merged by its factors. */
const adapterFaults = (
  recipe: Recipe,
  { adapter }: OpenedModel,
  others: readonly OpenedModel[],
): FaultDescription[] => {
  if (adapter === null) return [];
  const { mode, rank } = recipe.adapters;
  const updates = [...adapter.updates];
  const found: FaultDescription[] = [];
  if (updates.some(([, { magnitude }]) => magnitude !== null)) {
    const message = 'the adapter is a DoRA: its factors alone do not say what it changes';
    found.push({ code: 'adapter-dora', message, hint: wholeModels, ...incompatible });
  }
  const both = updates.find(([name]) => others.some((other) => other.adapter && replaces(other.adapter, name)));
  if (both !== undefined) {
    const message = `${printable(both[0])} is updated by one adapter and replaced as a whole by one`;
    found.push({ code: 'adapter-conflict', message, hint: wholeModels, ...incompatible });
  }
  const repeated = updates.find(([name]) => repeatsBase(adapter, name));
  if (repeated !== undefined) {
    const message = `${printable(repeated[0])} is in the adapter once more, beside its update; the base's is taken`;
    found.push({ severity: 'warning', code: 'adapter-repeats-base', message });
  }
  const turned = updates.find(([name, { transposed }]) =>
    others.some((other) => (other.adapter?.updates.get(name)?.transposed ?? transposed) !== transposed),
  );
  if (turned !== undefined) {
    const message = `${printable(turned[0])} is stored the other way round for another adapter (\`fan_in_fan_out\`)`;
    found.push({ code: 'adapter-conflict', message, ...incompatible });
  }
  const most = Math.max(0, ...updates.map(([, { a }]) => a.shape[0] ?? 0));
  if (mode === 'factor' && rank !== null && most > rank) {
    const message = `the adapter has factors of rank ${most}, which do not fit \`adapter_rank: ${rank}\``;
    found.push({ code: 'adapter-rank', message, hint: '`adapter_mode: svd` gives the best of a smaller rank' });
  }
  return found;
};

/** Whether everyone is an adapter of the same model; the base may be that model itself. */
const kindFault = (
  { method }: Recipe,
  { base }: SliceRoles,
  participant: Participant,
  home: string,
): FaultDescription | null => {
  const { written, opened } = participant;
  const { text } = written.reference;
  if (opened === null) return null;
  const isBase = participant === base;
  if (opened.adapter === null && isBase && method === 'slerp') {
    return { code: 'wrong-count', message: `slerp merges exactly two adapters, but ${text} is a whole model` };
  }
  if (opened.adapter === null && !isBase) {
    return { code: 'not-an-adapter', message: `${text} is not an adapter`, hint: wholeModels, ...incompatible };
  }
  if (opened.checkpoint.path === home) return null;
  const message = `${text} belongs to the model ${opened.checkpoint.path}, the first adapter to ${home}`;
  return { code: 'adapter-bases', message, hint: 'merge adapters of one model', ...incompatible };
};

/** Everything that keeps a recipe's adapters from being merged as it asks. */
export const checkAdapterSpace = (recipe: Recipe, slices: readonly SliceRoles[]): Fault[] => {
  const { source, adapters } = recipe;
  if (!isInAdapterSpace(recipe)) {
    if (adapters.rank === null) return [];
    const message = '`adapter_rank` means nothing where the adapters are added to the base as they are';
    return [source.faultAt(['adapter_rank'], { severity: 'warning', code: 'adapter-rank', message })];
  }
  const faults = settingFaults(recipe).map((fault) => source.faultAt(askedAt(recipe), fault));
  const opened = slices.flatMap(({ all }) => all.flatMap((each) => each.opened ?? []));
  const home = opened.find(({ adapter }) => adapter !== null)?.checkpoint.path ?? opened[0]?.checkpoint.path ?? '';
  for (const slice of slices) {
    for (const participant of slice.all) {
      const kind = kindFault(recipe, slice, participant, home);
      const own = participant.opened === null ? [] : adapterFaults(recipe, participant.opened, opened);
      const found = kind === null ? own : [kind];
      faults.push(...found.map((fault) => source.faultAt(participant.written.path, fault)));
    }
  }
  const updated = opened.reduce((sum, { adapter }) => sum + (adapter?.updates.size ?? 0), 0);
  if (makesAdapter(recipe) && !faults.some(isError) && opened.length > 0 && updated === 0) {
    const message = `${plural(opened.length, 'adapter')} without a single update make no adapter`;
    faults.push(source.faultAt(askedAt(recipe), { code: 'adapter-empty', message, hint: wholeModels }));
  }
  return faults;
};
