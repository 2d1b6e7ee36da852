import type { PlanSummary } from '../events.js';
import type { Operation, Plan } from '../protocol/plan.js';
import { modelNames } from './names.js';

const number = (value: number): string => String(Number(value.toPrecision(4)));

/** One value, or the range that a gradient or filters spread it over. */
const spread = (values: readonly (boolean | number)[]): string => {
  const distinct = [...new Set(values)];
  const [only] = distinct;
  if (distinct.length === 1 && only !== undefined) return typeof only === 'number' ? number(only) : String(only);
  const numbers = distinct.map(Number);
  return `${number(Math.min(...numbers))} … ${number(Math.max(...numbers))}`;
};

const settingsOf = (names: readonly string[], values: readonly Record<string, boolean | number>[]): string =>
  names.map((name) => `${name} ${spread(values.flatMap((each) => each[name] ?? []))}`).join(' · ');

/** The plan in a few lines for people. */
export const summarise = (plan: Plan): PlanSummary => {
  const names = modelNames(plan.models);
  const inputs = names.filter((_, index) => plan.models[index]?.role === 'input');
  const used: readonly Operation[] = plan.operations;
  const shared = Object.keys(used[0]?.shared ?? {}).filter((name) => name !== 'int8_mask');
  const lines = inputs.map((name, index) => {
    const values = used.map(({ perInput }) => perInput[index] ?? {});
    const text = settingsOf(Object.keys(values[0] ?? {}), values);
    return text === '' ? '' : `${name}: ${text}`;
  });
  const sharedLine = settingsOf(
    shared,
    used.map((operation) => operation.shared),
  );
  return {
    hash: plan.hash,
    method: plan.method,
    models: plan.models.map(({ role, parameters, bytes }, index) => ({
      name: names[index] ?? '',
      role,
      parameters,
      bytes,
    })),
    settings: [sharedLine, ...lines].filter((line) => line !== ''),
    tensors: plan.steps.length,
    copied: plan.steps.filter(({ operation }) => operation === null).length,
    parameters: plan.steps.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0),
    shards: plan.shards.length,
    ...plan.estimate,
  };
};
