import { Box, useInput } from 'ink';
import { useEffect, useLayoutEffect, useState, useSyncExternalStore } from 'react';
import { paintRow, type Row, span, wrapWords } from '../report/rows.js';
import { Footer } from './footer.js';
import type { Mounted } from './full-screen.js';
import { between } from './header-view.js';
import { HelpView } from './help-view.js';
import { firstShown, homeLayout } from './home-layout.js';
import { canStart, type HomeRecipe, listRows, previewRows, verdictOf } from './home-rows.js';
import { initialHomeUi, reduceHome } from './home-ui.js';
import { actionOf, type KeyContext, keyName, keys } from './keys.js';
import { bodyHeight } from './layout.js';
import { Lines } from './lines.js';
import { innerHeight, innerWidth, panelLines } from './panel.js';
import { type Previews, previewOf } from './previews.js';
import type { Size } from './screen.js';
import type { Theme } from './theme.js';

export type HomeProps = Pick<Mounted, 'interactive' | 'release'> & {
  readonly screen: Pick<Mounted['screen'], 'size' | 'subscribe' | 'repaint'>;
  readonly recipes: readonly HomeRecipe[];
  readonly previews: Previews;
  readonly version: string;
  readonly theme: Theme;
  /** The chosen recipe's path, or null if the user leaves. */
  readonly onDone: (path: string | null) => void;
};

const emptyText =
  'No recipes found here. Write one (a YAML file with models and merge_method) or start amalgam in a folder that has some.';

const headerRows = (version: string, told: string, width: number, theme: Theme): Row[] => [
  between([span(` amalgam ${version}`, 'heading')], [span(`${told} `, 'muted')], width, theme.glyphs.ellipsis),
  [span(' Choose a recipe to merge.', 'muted')],
];

/** The home screen: recipes, and what the chosen one would do. */
export const Home = ({ screen, recipes, previews, version, theme, interactive, onDone, release }: HomeProps) => {
  const size = useSyncExternalStore(screen.subscribe, screen.size);
  const known = useSyncExternalStore(previews.subscribe, previews.snapshot);
  const [ui, setUi] = useState(initialHomeUi);
  useLayoutEffect(() => release, [release]);

  const recipe = recipes[ui.selected];
  const path = recipe?.path;
  useEffect(() => {
    if (path !== undefined) previews.want(path);
  }, [path, previews]);

  const preview = previewOf(known, path ?? '');
  const layout = homeLayout(size, recipes.length);
  const rows =
    recipe === undefined || layout.preview === null ? [] : previewRows(recipe, preview, layout.preview.columns, theme);
  const help = ui.overlay === 'help';
  const shown = innerHeight(help ? bodyHeight(size) : (layout.preview?.rows ?? 0));
  const lastOffset = Math.max(0, (help ? keys.length : rows.length) - shown);
  const context: KeyContext = {
    screen: 'home',
    overlay: ui.overlay,
    scrollable: lastOffset > 0,
    blocked: recipe === undefined || !canStart(preview),
  };

  useInput(
    (input, key) => {
      const action = actionOf(keyName(input, key), context);
      if (action === null) return;
      setUi(reduceHome(ui, action, { recipes: recipes.length, lastOffset, page: Math.max(1, Math.floor(shown / 2)) }));
      if (action === 'leave') onDone(null);
      if (action === 'choose') onDone(path ?? null);
      if (action === 'repaint') screen.repaint();
    },
    { isActive: interactive },
  );

  const offset = Math.min(ui.offset, lastOffset);
  const { columns: width } = size;
  const list = ({ columns, rows: height }: Size): string[] => {
    const first = firstShown(ui.selected, recipes.length, innerHeight(height));
    const inner = innerWidth(columns);
    const listed =
      recipes.length === 0
        ? wrapWords(emptyText, inner, theme.glyphs.ellipsis).map((line): Row => [span(line)])
        : listRows(recipes, ui.selected, inner, theme);
    return panelLines({ title: 'recipes', rows: listed, width: columns, height, offset: first }, theme);
  };
  const plan = (place: Size): string[] =>
    panelLines({ title: 'plan', rows, width: place.columns, height: place.rows, offset }, theme);
  const told = recipe === undefined ? '' : verdictOf(preview);
  return (
    <Box flexDirection="column" width={width} height={Math.max(1, size.rows - 1)}>
      <Lines width={width} lines={headerRows(version, told, width, theme).map((row) => paintRow(row, theme, width))} />
      <Box flexGrow={1} flexShrink={1} flexDirection={layout.beside ? 'row' : 'column'}>
        {help ? (
          <HelpView context={context} width={width} height={bodyHeight(size)} offset={offset} theme={theme} />
        ) : (
          <>
            <Lines lines={list(layout.list)} width={layout.list.columns} />
            {layout.preview !== null && <Lines lines={plan(layout.preview)} width={layout.preview.columns} />}
          </>
        )}
      </Box>
      <Footer context={context} width={width} theme={theme} />
    </Box>
  );
};
