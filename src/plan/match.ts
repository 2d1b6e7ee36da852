import { exitCodes } from '../errors.js';
import type { Fault } from '../fault.js';
import { plural, printable } from '../format.js';
import type { OpenedModel } from '../hub/open-model.js';
import type { YamlSource } from '../yaml.js';
import type { Participant } from './roles.js';

const shown = 3;

const shape = (sizes: readonly number[]): string => `[${sizes.join(', ')}]`;

/** The first few of `items` and how many more there are. */
const some = (items: readonly string[]): string =>
  items.slice(0, shown).join('; ') + (items.length > shown ? `; and ${items.length - shown} more` : '');

const quantised = ({ checkpoint }: OpenedModel): string | undefined => {
  const settings = checkpoint.config?.quantization_config;
  if (typeof settings !== 'object' || settings === null) return undefined;
  return String((settings as Record<string, unknown>).quant_method ?? 'an unknown kind');
};

const checkAdapter = ({ adapter, checkpoint }: OpenedModel): string[] => {
  if (adapter === null) return [];
  const problems: string[] = [];
  for (const [name, { a, b, transposed }] of adapter.updates) {
    const target = checkpoint.tensors.get(name);
    const update = transposed ? [a.shape[1], b.shape[0]] : [b.shape[0], a.shape[1]];
    if (target === undefined) problems.push(`the model has no ${printable(name)}`);
    else if (String(target.shape) !== String(update)) {
      problems.push(`${printable(name)} is ${shape(target.shape)}, its update ${shape(update as number[])}`);
    }
  }
  return problems;
};

/** Whether every model has the reference model's tensors in the same shapes; one fault per model and kind of difference. */
export const checkFit = (source: YamlSource, reference: OpenedModel, participants: readonly Participant[]): Fault[] => {
  const faults: Fault[] = [];
  for (const { written, opened } of participants) {
    if (opened === null) continue;
    const report = (code: string, message: string, hint?: string, severity: Fault['severity'] = 'error') =>
      faults.push(source.faultAt(written.path, { severity, code, message, hint, exitCode: exitCodes.incompatible }));
    const quantisation = quantised(opened);
    if (quantisation !== undefined) {
      report(
        'quantised-model',
        `${written.reference.text} is quantised (${quantisation})`,
        'merge the unquantised model',
      );
      continue;
    }
    const misfits = checkAdapter(opened);
    if (misfits.length > 0) report('adapter-misfit', `the adapter does not fit its model: ${some(misfits)}`);
    if (opened === reference) continue;
    const missing: string[] = [];
    const different: string[] = [];
    const against = reference.reference.text;
    for (const [name, tensor] of reference.checkpoint.tensors) {
      const other = opened.checkpoint.tensors.get(name);
      if (other === undefined) missing.push(printable(name));
      else if (String(other.shape) !== String(tensor.shape)) {
        different.push(`${printable(name)} is ${shape(other.shape)}, in ${against} ${shape(tensor.shape)}`);
      }
    }
    const extra = [...opened.checkpoint.tensors.keys()].filter((name) => !reference.checkpoint.tensors.has(name));
    if (missing.length > 0) {
      report('tensor-missing', `${plural(missing.length, 'tensor')} of ${against} not in this model: ${some(missing)}`);
    }
    if (different.length > 0) {
      report(
        'shape-mismatch',
        `${plural(different.length, 'tensor')} with another shape: ${some(different)}`,
        'only models of the same architecture and size can be merged; check that they share their base',
      );
    }
    if (extra.length > 0) {
      const message = `${plural(extra.length, 'tensor')} not in ${against} will be left out: ${some(extra.map(printable))}`;
      report('tensor-ignored', message, undefined, 'warning');
    }
  }
  return faults;
};
