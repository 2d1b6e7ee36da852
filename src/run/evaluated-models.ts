import { modelNames } from '../plan/names.js';
import type { Plan } from '../protocol/plan.js';
import type { EvaluatedModel, MergedInMemory } from './evaluate-models.js';
import { keyOfPlan } from './model-key.js';
import { makesAdapter } from './plan-size.js';

type Made = {
  /** What to call the merge. */
  readonly name: string;
  readonly path: string;
  readonly merged: MergedInMemory | null;
};

/** The models of a plan and, last, what it makes of them. */
export const evaluatedModels = (plan: Plan, { name, path, merged }: Made): EvaluatedModel[] => {
  const names = modelNames(plan.models);
  const isTaken = names.includes(name);
  return [
    ...plan.models.map(({ role, path: folder, adapter }, index) => ({
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
