import type { AdapterStep } from '../../protocol/plan.js';
import type { AdapterMerge, Recipe } from '../../recipe/recipe.js';
import type { YamlPath } from '../../yaml.js';

/** Whether a recipe merges the updates of its adapters instead of weights that they are added to. */
export const isInAdapterSpace = ({ adapters: { mode, output } }: Recipe): boolean =>
  mode !== 'delta' || output === 'adapter';

/** Whether what comes out is an adapter rather than a model. */
export const makesAdapter = ({ adapters }: Recipe): boolean => adapters.output === 'adapter';

/** Where a recipe says how adapters are merged; a flag has no place. */
export const askedAt = ({ dialect, adapters }: Recipe): YamlPath => {
  if (dialect !== 'starter-kit') return ['merge_method'];
  if (adapters.mode !== 'delta') return ['adapter_mode'];
  return adapters.output === 'adapter' ? ['adapter_output'] : ['list_models'];
};

type Sizes = {
  /** Ranks of the updates that are merged. */
  readonly ranks: readonly number[];
  /** Of the weight. */
  readonly shape: readonly number[];
};

/** The rank of a merged update. */
export const rankOf = ({ mode, rank }: AdapterMerge, { ranks, shape }: Sizes): number => {
  const [sum, most] = [ranks.reduce((total, each) => total + each, 0), Math.max(...ranks)];
  switch (mode) {
    case 'factor':
      return Math.max(rank ?? 0, most);
    case 'concat':
      return sum;
    case 'core':
      return Math.min(rank ?? sum, sum, ...shape);
    case 'svd':
      return Math.min(rank ?? most, sum, ...shape);
    case 'delta':
      return Math.min(rank ?? most, ...shape);
  }
};

const meanings: Readonly<Record<AdapterStep['mode'], string>> = {
  delta: 'the method on the updates B A, made thin again',
  factor: 'the method on A and on B, each for itself',
  concat: 'all factors beside each other, exact',
  core: 'the method in the space of all factors, lossless',
  svd: 'the best of its rank to the weighted sum',
};

const smallestAndLargest = (numbers: readonly number[]): string => {
  const [low, high] = [Math.min(...numbers), Math.max(...numbers)];
  return low === high ? String(low) : `${low} … ${high}`;
};

/** What a plan does with adapters, in one line; null where it merges none by their factors. */
export const adapterLine = (steps: readonly AdapterStep[]): string | null => {
  const [first] = steps;
  if (first === undefined) return null;
  const ranks = steps.flatMap(({ base, inputs }) =>
    [...(base === null ? [] : [base]), ...inputs].flatMap(({ lora }) => lora?.a.shape[0] ?? []),
  );
  const isFilled = first.mode === 'factor' && Math.min(...ranks) < Math.max(...ranks);
  const zeros = isFilled ? `, zeros in ${first.padding === 'front' ? 'front' : 'the back'} of smaller ones` : '';
  const [from, to] = [smallestAndLargest(ranks), smallestAndLargest(steps.map(({ rank }) => rank))];
  const place = first.factors === null ? 'added to the base' : 'an adapter';
  return `adapters by ${first.mode}: ${meanings[first.mode]} · ranks ${from} to ${to}${zeros} · ${place}`;
};
