import { modelNames } from '../plan/names.js';
import type { Plan, PlanModel } from '../protocol/plan.js';
import type { EvaluatedModel, MergedInMemory } from './evaluate-models.js';
import { keyOfPlan } from './model-key.js';
import { makesAdapter } from './plan-size.js';

type Made = {
  /** What to call the merge. */
  readonly name: string;
  readonly path: string;
  readonly merged: MergedInMemory | null;
  /** Folder of a base that the plan does without; null: none. */
  readonly base: string | null;
};

type Part = Pick<PlanModel, 'reference' | 'path' | 'adapter' | 'role'>;

/** The name of a repository in the Hub's cache, else the path itself. */
const referenceOf = (path: string): string =>
  /models--([^/]+)\/snapshots\//.exec(path)?.[1]?.replace('--', '/') ?? path;

/** The model that all adapters of a plan stand on, where it takes no part by itself: what they gained is over it. */
const sharedBase = (models: readonly Part[]): Part[] => {
  const [first] = models;
  const isShared = models.every(({ path, adapter }) => adapter !== null && path === first?.path);
  return first === undefined || !isShared
    ? []
    : [{ ...first, reference: referenceOf(first.path), adapter: null, role: 'base' }];
};

/** A base, the models of a plan and, last, what it makes of them. */
export const evaluatedModels = (plan: Plan, { name, path, merged, base }: Made): EvaluatedModel[] => {
  const compared: Part[] =
    base === null
      ? sharedBase(plan.models)
      : [{ reference: referenceOf(base), path: base, adapter: null, role: 'base' }];
  const parts = [...compared, ...plan.models];
  const names = modelNames(parts);
  const isTaken = names.includes(name);
  return [
    ...parts.map(({ role, path: folder, adapter }, index) => ({
      name: names[index] ?? folder,
      role: role === 'base' ? ('base' as const) : ('parent' as const),
      path: folder,
      adapter,
      merged: null,
      key: null,
    })),
    {
      name: isTaken ? `${name} (merge)` : name,
      role: 'merge',
      ...(makesAdapter(plan) ? { path: plan.models[0]?.path ?? '', adapter: path } : { path, adapter: null }),
      merged,
      key: keyOfPlan(plan),
    },
  ];
};
