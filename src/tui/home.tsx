import { Box } from 'ink';
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { paintRow, type Row, span, wrapWords } from '../report/rows.js';
import { Footer } from './footer.js';
import type { Mounted } from './full-screen.js';
import { between } from './header-view.js';
import { HelpView } from './help-view.js';
import { firstShown, homeLayout } from './home-layout.js';
import { type HomeRecipe, listRows } from './home-rows.js';
import { homeSituation } from './home-situation.js';
import { initialHomeUi, reduceHome } from './home-ui.js';
import { actionOf } from './keys.js';
import { bodyHeight } from './layout.js';
import { Lines } from './lines.js';
import { innerHeight, innerWidth, panelLines } from './panel.js';
import type { Previews } from './previews.js';
import type { Size } from './screen.js';
import type { Theme } from './theme.js';
import { useKeys } from './use-keys.js';

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

  const latest = useRef(ui);

  const { path, rows, told, extent, context } = homeSituation(ui, recipes, known, size, theme);
  useEffect(() => {
    if (path !== null) previews.want(path);
  }, [path, previews]);

  useKeys((name) => {
    // Several keys can come before the next frame: each acts on what the one before has made.
    const here = homeSituation(latest.current, recipes, known, size, theme);
    const action = actionOf(name, here.context);
    if (action === null) return;
    latest.current = reduceHome(latest.current, action, here.extent);
    setUi(latest.current);
    if (action === 'leave') onDone(null);
    if (action === 'choose') onDone(here.path);
    if (action === 'repaint') screen.repaint();
  }, interactive);

  const layout = homeLayout(size, recipes.length);
  const offset = Math.min(ui.offset, extent.lastOffset);
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
  return (
    <Box flexDirection="column" width={width} height={Math.max(1, size.rows - 1)}>
      <Lines width={width} lines={headerRows(version, told, width, theme).map((row) => paintRow(row, theme, width))} />
      <Box flexGrow={1} flexShrink={1} flexDirection={layout.beside ? 'row' : 'column'}>
        {ui.overlay === 'help' ? (
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
