import { exitCodes } from '../errors.js';
import type { Fault, FaultDescription } from '../fault.js';
import { plural, printable } from '../format.js';
import { identityOf, type ModelReference } from '../hub/reference.js';
import type { RowOrigin } from '../protocol/plan.js';
import type { YamlSource } from '../yaml.js';
import type { TokenizerRequest, TokenSource } from './request.js';
import type { TokenizerModel } from './tokenizer-model.js';

type Chosen = { readonly rows: readonly RowOrigin[] } | { readonly fault: FaultDescription };

const wrong = (code: string, message: string): Chosen => ({
  fault: { code, message, exitCode: exitCodes.incompatible },
});

/** The row that a recipe names for `token`. */
const chosenRow = (
  token: string,
  source: Exclude<TokenSource, { kind: 'zero' }>,
  models: readonly TokenizerModel[],
  rowOf: readonly ((token: string) => number | undefined)[],
): Chosen => {
  const index = indexOf(source.reference, models);
  const model = models[index];
  const rows = model?.rows ?? null;
  if (model === undefined || rows === null) {
    return { fault: { code: 'token-source-unknown', message: `\`${source.reference.text}\` is not merged here` } };
  }
  if (source.kind === 'model-token-id') {
    if (source.id >= 0 && source.id < rows) return { rows: [{ model: index, row: source.id }] };
    return wrong('token-id-out-of-range', `${model.name} has ${plural(rows, 'row')}: there is no token ${source.id}`);
  }
  const name = source.kind === 'model-token' ? source.token : token;
  const row = rowOf[index]?.(name);
  if (row !== undefined) return { rows: [{ model: index, row }] };
  return wrong('token-not-in-model', `${model.name} has no token \`${printable(name)}\``);
};

const indexOf = (reference: ModelReference, models: readonly TokenizerModel[]): number =>
  models.findIndex((model) => identityOf(model.reference) === identityOf(reference));

/** The rows that a recipe gives to tokens, empty for zeros, and the tokens whose row it forces on every model. */
export const chooseRows = (
  requests: TokenizerRequest['tokens'],
  models: readonly TokenizerModel[],
  rowOf: readonly ((token: string) => number | undefined)[],
  faultAt: YamlSource['faultAt'],
): { chosen: Map<string, readonly RowOrigin[]>; forced: Set<string>; faults: Fault[] } => {
  const chosen = new Map<string, readonly RowOrigin[]>();
  const forced = new Set<string>();
  const faults: Fault[] = [];
  for (const { token, source, force, path } of requests) {
    if (force) forced.add(token);
    if (source === null) continue;
    const row: Chosen = source.kind === 'zero' ? { rows: [] } : chosenRow(token, source, models, rowOf);
    if ('rows' in row) chosen.set(token, row.rows);
    else faults.push(faultAt(path, row.fault));
  }
  return { chosen, forced, faults };
};
