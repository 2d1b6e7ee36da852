import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { plural, printable } from '../format.js';
import type { RecipeSource } from '../recipe/recipe.js';
import type { YamlSource } from '../yaml.js';
import type { Misfit, MisfitKind, Problems } from './problems.js';

const shown = 6;

/** The first few patterns and how many more there are. */
const some = (names: Iterable<string>): string => {
  const all = [...names].map(printable);
  return all.slice(0, shown).join(', ') + (all.length > shown ? ` and ${all.length - shown} more` : '');
};

const total = (names: ReadonlyMap<string, number>): number =>
  [...names.values()].reduce((sum, count) => sum + count, 0);

/** What people call the tensors of a misfit. */
const labelOf = ({ kind, names }: Misfit): string => {
  const all = [...names.keys()];
  if (kind === 'vocabulary') return 'vocabulary';
  if (all.every((name) => /[kv]_proj|\.(key|value)\.|key_value/.test(name))) return 'keys and values of attention';
  if (all.every((name) => /attn|attention/i.test(name))) return 'attention';
  if (all.every((name) => /mlp|feed_forward|ffn|DenseReluDense|\.fc\d|experts|intermediate/i.test(name))) return 'MLP';
  return 'shape';
};

/** `14336 in Mistral-7B-v0.1; 11008 in WizardMath-7B-V1.0 and CodeLlama-7b-Instruct-hf` */
const bySize = ({ rows, sizes }: Misfit): string => {
  const models = new Map<string, string[]>();
  for (const [index, { written }] of rows.entries()) {
    const size = sizes[index] ?? '';
    models.set(size, [...(models.get(size) ?? []), written.reference.text]);
  }
  return [...models].map(([size, names]) => `${size} in ${[...new Set(names)].join(' and ')}`).join('; ');
};

const skip = '`--on-mismatch skip` leaves models out where they differ';
const waysOut: Readonly<Record<MisfitKind, string>> = {
  vocabulary:
    'choose a vocabulary with `tokenizer: { source: union }` (or `base`, or a model), cut to the smallest with `--unsafe-truncate-embeddings`, or use `--on-mismatch skip` or `pad`',
  stacked: 'stack layers of the same shapes; `tokenizer: { source: union }` brings vocabularies together',
  integers: skip,
  other: `${skip}, \`--on-mismatch pad\` fills up with zeros`,
};

const misfitFault = (source: YamlSource, misfit: Misfit): Fault => {
  const { kind, rows, sizes, names } = misfit;
  const odd = rows[sizes.findIndex((size) => size !== sizes[0])] ?? rows[0];
  const tensors = `${plural(total(names), 'tensor')}: ${some(names.keys())}`;
  const message = `the models do not fit each other: ${labelOf(misfit)} ${bySize(misfit)} (${tensors})`;
  return source.faultAt(odd?.written.path ?? [], {
    code: kind === 'vocabulary' ? 'vocabulary-mismatch' : 'shape-mismatch',
    message,
    hint: waysOut[kind],
    exitCode: exitCodes.incompatible,
  });
};

type Describe = (
  written: RecipeSource,
  names: ReadonlyMap<string, number>,
) => Omit<Parameters<YamlSource['faultAt']>[1], 'exitCode'>;

const perModel = (
  source: YamlSource,
  counts: ReadonlyMap<RecipeSource, ReadonlyMap<string, number>>,
  describe: Describe,
): Fault[] =>
  [...counts].map(([written, names]) =>
    source.faultAt(written.path, { ...describe(written, names), exitCode: exitCodes.incompatible }),
  );

const warning = (source: YamlSource, code: string, message: string): Fault =>
  source.faultAt([], { severity: 'warning', code, message });

/** One fault or warning per kind of misfit and model. */
export const problemFaults = (source: YamlSource, problems: Problems): Fault[] => {
  const { misfits, missing, ignored, skipped, padded, cropped, dropped, dtypes } = problems;
  const faults = [...misfits.values()].map((misfit) => misfitFault(source, misfit));
  faults.push(
    ...perModel(source, missing, ({ reference }, names) => ({
      code: 'tensor-missing',
      message: `${reference.text} lacks ${plural(total(names), 'tensor')} that others have: ${some(names.keys())}`,
      hint: '`--on-mismatch skip` merges those that have them',
    })),
    ...perModel(source, ignored, ({ reference }, names) => ({
      severity: 'warning',
      code: 'tensor-ignored',
      message: `${plural(total(names), 'tensor')} of ${reference.text} will be left out, as the base has none of the kind: ${some(names.keys())}`,
    })),
    ...perModel(source, skipped, ({ reference }, names) => ({
      severity: 'warning',
      code: 'mismatch-skipped',
      message: `${reference.text} takes no part in ${plural(total(names), 'tensor')} that do not fit: ${some(names.keys())}`,
    })),
    ...perModel(source, padded, ({ reference }, names) => ({
      severity: 'warning',
      code: 'mismatch-padded',
      message: `${plural(total(names), 'tensor')} of ${reference.text} filled up with zeros: ${some(names.keys())}`,
    })),
  );
  for (const [name, { from, to }] of cropped) {
    const message = `${printable(name)} is cut from ${from} to ${to} rows; tokens beyond lose their embeddings`;
    faults.push(warning(source, 'embeddings-truncated', message));
  }
  if (dropped.size > 0) {
    const message = `${plural(total(dropped), 'tensor')} left out, as too few models have them: ${some(dropped.keys())}`;
    faults.push(warning(source, 'tensor-dropped', message));
  }
  for (const name of dtypes) {
    const message = `${printable(name)} holds integers of different types in different models`;
    faults.push(source.faultAt([], { code: 'dtype-mismatch', message, exitCode: exitCodes.incompatible }));
  }
  return faults;
};
