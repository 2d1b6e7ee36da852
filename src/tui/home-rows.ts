import { isError } from '../fault.js';
import { faultCounts } from '../report/fault.js';
import { planRows } from '../report/plan-text.js';
import { displayWidth, inert, padEnd, type Row, span, truncate, wrapWords } from '../report/rows.js';
import { failurePanelRows } from './failure-view.js';
import { innerWidth } from './panel.js';
import type { Preview } from './previews.js';
import type { Theme } from './theme.js';

export type HomeRecipe = {
  readonly path: string;
  readonly title: string;
  readonly dialect: string;
  readonly method?: string | undefined;
};

/** Whether a recipe can be started as far as is known. */
export const canStart = (preview: Preview): boolean =>
  preview.kind === 'loading' || (preview.kind === 'ready' && preview.summary !== null && !preview.faults.some(isError));

/** The list, one recipe a row, the chosen one marked by a sign and not by colour alone. */
export const listRows = (recipes: readonly HomeRecipe[], selected: number, width: number, theme: Theme): Row[] => {
  const methods = recipes.map(({ method }) => inert(method ?? ''));
  const methodWidth = width < 30 ? 0 : Math.min(16, Math.max(0, ...methods.map(displayWidth)));
  const room = Math.max(4, width - methodWidth - 4);
  const { ellipsis } = theme.glyphs;
  return recipes.map(({ title }, index) => {
    const chosen = index === selected;
    return [
      span(`${chosen ? theme.shapes.pointer : ' '} `, 'accent'),
      span(padEnd(truncate(inert(title), room, ellipsis), room), chosen ? 'strong' : undefined),
      span(`  ${truncate(methods[index] ?? '', methodWidth, ellipsis)}`, 'muted'),
    ];
  });
};

/** One line about a recipe's plan. */
export const verdictOf = (preview: Preview): string => {
  if (preview.kind === 'loading') return 'planning';
  if (preview.kind === 'failed') return preview.message;
  return preview.faults.length > 0 ? faultCounts(preview.faults) : 'ready to merge';
};

/** The chosen recipe: where it is, its faults, and its plan if it has one. */
export const previewRows = (recipe: HomeRecipe, preview: Preview, width: number, theme: Theme): Row[] => {
  const inner = innerWidth(width);
  const { ellipsis, done, failed } = theme.glyphs;
  const place: Row = [span(recipe.path, 'strong'), span(`  ${recipe.dialect}`, 'muted')];
  if (preview.kind === 'loading') return [place, [], [span(`planning${ellipsis}`, 'muted')]];
  if (preview.kind === 'failed') {
    return [place, [], ...wrapWords(preview.message, inner, ellipsis).map((line): Row => [span(line, 'bad')])];
  }
  const { summary, faults } = preview;
  const good = canStart(preview);
  const told = failurePanelRows(null, faults, width, theme);
  return [
    place,
    [span(`${good ? done : failed} ${verdictOf(preview)}`, good ? 'good' : 'bad')],
    [],
    ...told,
    ...(told.length > 0 && summary !== null ? [[]] : []),
    ...(summary === null ? [] : planRows(summary, theme, inner)),
  ];
};
