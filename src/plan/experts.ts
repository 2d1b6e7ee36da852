import { joined, rowsOf, type TensorView } from './tensor-view.js';

/** Finds a tensor of a model by its key. */
export type Find = (key: string) => TensorView | null;

/** Rows `first` to `first + rows` of expert `expert` of a fused tensor [experts, all rows, columns]. */
const expertRows = (fused: TensorView, expert: number, first: number, rows: number): TensorView | null => {
  const [experts = 0, all = 0, columns = 0] = fused.shape;
  if (fused.shape.length !== 3 || expert >= experts || first + rows > all) return null;
  const [stored] = fused.parts;
  if (stored === undefined || fused.parts.length > 1) return null;
  const flat = { ...fused, shape: [experts * all, columns] };
  return rowsOf(flat, expert * all + first, rows, [rows, columns]);
};

/** One expert's matrix out of a model whose experts are fused: gate rows, then up rows. */
const fromFused = (key: string, find: Find): TensorView | null => {
  const [, before, expert, matrix] = /^(.*\.experts)\.(\d+)\.(gate|up|down)_proj\.weight$/.exec(key) ?? [];
  if (before === undefined) return null;
  const fused = find(matrix === 'down' ? `${before}.down_proj` : `${before}.gate_up_proj`);
  const rows = fused?.shape[1] ?? 0;
  if (fused === null) return null;
  if (matrix === 'down') return expertRows(fused, Number(expert), 0, rows);
  return rows % 2 === 0 ? expertRows(fused, Number(expert), matrix === 'gate' ? 0 : rows / 2, rows / 2) : null;
};

/** The fused tensor of a model that stores its experts one by one. */
const fromExperts = (key: string, find: Find): TensorView | null => {
  const [, before, matrix] = /^(.*\.experts)\.(gate_up|down)_proj$/.exec(key) ?? [];
  if (before === undefined) return null;
  const matrices = matrix === 'down' ? ['down_proj'] : ['gate_proj', 'up_proj'];
  const views: TensorView[] = [];
  for (let expert = 0; ; expert++) {
    const own = matrices.map((name) => find(`${before}.${expert}.${name}.weight`));
    if (own.some((view) => view === null)) break;
    views.push(...(own as TensorView[]));
  }
  const [rows = 0, columns = 0] = views[0]?.shape ?? [];
  const alike = views.every(({ shape }) => shape.length === 2 && shape[0] === rows && shape[1] === columns);
  if (views.length === 0 || !alike) return null;
  return joined(views, [views.length / matrices.length, matrices.length * rows, columns]);
};

/** A tensor of experts in the other of the two layouts that mixtures of experts are stored in; null where there is none. */
export const inOtherLayout = (key: string, find: Find): TensorView | null =>
  key.includes('.experts.') ? (fromFused(key, find) ?? fromExperts(key, find)) : null;
