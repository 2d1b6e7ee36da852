import type { PlanSummary } from '../events.js';
import type { ParameterValues, Plan } from '../protocol/plan.js';
import { adapterLine } from './adapters/space.js';
import { modelNames } from './names.js';

const number = (value: number): string => String(Number(value.toPrecision(4)));

/** One value, or the range that a gradient or filters spread it over. */
const spread = (values: readonly (boolean | number | string)[]): string => {
  const distinct = [...new Set(values)];
  const [only] = distinct;
  if (distinct.length === 1 && only !== undefined) return typeof only === 'number' ? number(only) : String(only);
  if (distinct.some((value) => typeof value === 'string')) return distinct.join(' / ');
  const numbers = distinct.map(Number);
  return `${number(Math.min(...numbers))} … ${number(Math.max(...numbers))}`;
};

const settingsOf = (names: readonly string[], values: readonly ParameterValues[]): string =>
  names.map((name) => `${name} ${spread(values.flatMap((each) => each[name] ?? []))}`).join(' · ');

/** The different values of each model's own parameters, in the order of the models. */
const valuesByModel = ({ steps, adapterSteps, operations, method, models }: Plan): Map<number, ParameterValues[]> => {
  const found = new Map<number, Set<ParameterValues>>(models.map((_, index) => [index, new Set()]));
  for (const { operation, inputs } of [...steps, ...adapterSteps]) {
    const own = operation === null ? undefined : operations[operation];
    if (own?.method !== method) continue;
    for (const [index, { model }] of inputs.entries()) {
      const values = own.perInput[index];
      if (values !== undefined) found.get(model)?.add(values);
    }
  }
  return new Map([...found].flatMap(([model, values]) => (values.size === 0 ? [] : [[model, [...values]] as const])));
};

/** The plan in a few lines for people. */
export const summarise = (plan: Plan): PlanSummary => {
  const names = modelNames(plan.models);
  const updates = plan.adapterSteps.filter(({ factors }) => factors !== null);
  const used = [
    ...new Set(
      [...plan.steps, ...plan.adapterSteps].flatMap(({ operation }) => (operation === null ? [] : [operation])),
    ),
  ];
  const operations = used
    .flatMap((index) => plan.operations[index] ?? [])
    .filter(({ method }) => method === plan.method);
  const shared = Object.keys(operations[0]?.shared ?? {}).filter((name) => name !== 'int8_mask');
  const values = valuesByModel(plan);
  const lines = [...values].map(([model, own]) => {
    const text = settingsOf(Object.keys(own[0] ?? {}), own);
    return text === '' ? '' : `${names[model]}: ${text}`;
  });
  const sharedLine = settingsOf(
    shared,
    operations.map((operation) => operation.shared),
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
    settings: [sharedLine, ...lines, adapterLine(plan.adapterSteps) ?? ''].filter((line) => line !== ''),
    tensors: plan.steps.length + updates.length,
    copied: plan.steps.filter(({ operation }) => operation === null).length,
    parameters:
      plan.steps.reduce((sum, { shape }) => sum + shape.reduce((product, size) => product * size, 1), 0) +
      updates.reduce((sum, { rank, shape }) => sum + shape.reduce((both, size) => both + rank * size, 0), 0),
    shards: plan.shards.length,
    ...plan.estimate,
  };
};
