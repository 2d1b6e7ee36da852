import { basename, dirname } from 'node:path';
import type { PlanModel } from '../protocol/plan.js';

type Named = Pick<PlanModel, 'reference' | 'path' | 'adapter'>;

const parts = ({ path, adapter }: Named): string => adapter ?? path;

/** Short names for people: the folder's name, with its parent's where that is not enough, then numbered. */
export const modelNames = (models: readonly Named[]): string[] => {
  const short = models.map((model) =>
    model.reference.includes('/') && !/^[./~]/.test(model.reference) && model.path.includes('snapshots')
      ? (model.reference.split('/').at(-1) ?? model.reference)
      : basename(parts(model)),
  );
  const unique = (names: readonly string[]) => (name: string) => names.filter((other) => other === name).length === 1;
  const longer = short.map((name, index) => {
    const model = models[index];
    return unique(short)(name) || model === undefined ? name : `${basename(dirname(parts(model)))}/${name}`;
  });
  return longer.map((name, index) => (unique(longer)(name) ? name : `${name} (${index + 1})`));
};
