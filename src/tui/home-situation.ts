import type { Row } from '../report/rows.js';
import { homeLayout } from './home-layout.js';
import { canStart, type HomeRecipe, previewRows, verdictOf } from './home-rows.js';
import type { HomeExtent, HomeUi } from './home-ui.js';
import { type KeyContext, keys } from './keys.js';
import { bodyHeight } from './layout.js';
import { innerHeight } from './panel.js';
import { type Preview, previewOf } from './previews.js';
import type { Size } from './screen.js';
import type { Theme } from './theme.js';

export type HomeSituation = {
  readonly path: string | null;
  /** What the right pane shows of the chosen recipe. */
  readonly rows: readonly Row[];
  /** One line about the chosen recipe. */
  readonly told: string;
  readonly extent: HomeExtent;
  readonly context: KeyContext;
};

/** What is chosen, what is known of it, and which keys that gives a meaning. */
export const homeSituation = (
  ui: HomeUi,
  recipes: readonly HomeRecipe[],
  known: ReadonlyMap<string, Preview>,
  size: Size,
  theme: Theme,
): HomeSituation => {
  const recipe = recipes[ui.selected];
  const preview = previewOf(known, recipe?.path ?? '');
  const place = homeLayout(size, recipes.length).preview;
  const rows = recipe === undefined || place === null ? [] : previewRows(recipe, preview, place.columns, theme);
  const help = ui.overlay === 'help';
  const shown = innerHeight(help ? bodyHeight(size) : (place?.rows ?? 0));
  const lastOffset = Math.max(0, (help ? keys.length : rows.length) - shown);
  return {
    path: recipe?.path ?? null,
    rows,
    told: recipe === undefined ? '' : verdictOf(preview),
    extent: { recipes: recipes.length, lastOffset, page: Math.max(1, Math.floor(shown / 2)) },
    context: {
      screen: 'home',
      overlay: ui.overlay,
      scrollable: lastOffset > 0,
      blocked: recipe === undefined || !canStart(preview),
    },
  };
};
