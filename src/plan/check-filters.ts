import type { Fault } from '../fault.js';
import { methodSpec } from '../protocol/methods.js';
import type { Recipe, Setting, Settings } from '../recipe/recipe.js';
import { entryFor } from '../recipe/resolve.js';
import type { OutlinedTensor } from './outline.js';
import type { SliceRoles } from './roles.js';

type Check = {
  readonly setting: Setting;
  /** Names that the setting's filters are tested on. */
  readonly namesOf: (tensor: OutlinedTensor) => readonly string[];
};

const outputName = ({ name }: OutlinedTensor): readonly string[] => [name];
const sourceNames = ({ name, sourceNames }: OutlinedTensor): readonly string[] => sourceNames ?? [name];

const filtered = (settings: Settings): [string, Setting][] =>
  Object.entries(settings).filter(([, { entries }]) => entries.some(({ filter }) => filter !== null));

const checksOf = (recipe: Recipe, { slice, module, all }: SliceRoles): Check[] => {
  const shared = recipe.method === null ? {} : methodSpec(recipe.method).shared;
  const forAll = [recipe.parameters, module.parameters, slice.parameters].flatMap(filtered);
  const ofOne = all.flatMap(({ written }, index) =>
    filtered(written.parameters).map(
      ([, setting]): Check => ({
        setting,
        namesOf: ({ name, sourceNames }) => [sourceNames?.[index] ?? name],
      }),
    ),
  );
  return [
    ...forAll.map(([name, setting]) => ({ setting, namesOf: Object.hasOwn(shared, name) ? outputName : sourceNames })),
    ...ofOne,
  ];
};

/** Filters that are part of no tensor's name: the setting would silently do nothing. */
export const checkFilters = (
  recipe: Recipe,
  tensors: readonly OutlinedTensor[],
  severity: Fault['severity'] = 'error',
): Fault[] => {
  const checks = new Map<SliceRoles, Check[]>();
  const settings = new Set<Setting>();
  const reached = new Set<unknown>();
  const anywhere = new Set<unknown>();
  for (const tensor of tensors) {
    const own = checks.get(tensor.roles) ?? checksOf(recipe, tensor.roles);
    checks.set(tensor.roles, own);
    for (const { setting, namesOf } of own) {
      settings.add(setting);
      for (const name of namesOf(tensor)) {
        reached.add(entryFor(setting, name));
        for (const entry of setting.entries) {
          if (entry.filter !== null && !anywhere.has(entry) && name.includes(entry.filter)) anywhere.add(entry);
        }
      }
    }
  }
  const example = tensors[Math.floor(tensors.length / 2)]?.name ?? '';
  return [...settings].flatMap(({ entries }) =>
    entries
      .filter((entry) => entry.filter !== null && !reached.has(entry))
      .map((entry) => {
        const message = anywhere.has(entry)
          ? `the filter \`${entry.filter}\` is never reached: an earlier one takes all its tensors`
          : `the filter \`${entry.filter}\` is part of no tensor's name`;
        const description = { severity, code: 'filter-unmatched', message, hint: `names look like ${example}` };
        return recipe.source.faultAt([...entry.path, 'filter'], description);
      }),
  );
};
