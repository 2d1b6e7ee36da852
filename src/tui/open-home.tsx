import { type Style, styleFor } from '../report/style.js';
import { type Streams, showFullScreen } from './full-screen.js';
import { Home } from './home.js';
import type { HomeRecipe } from './home-rows.js';
import { createPreviews, type PreviewResult } from './previews.js';
import { createTheme } from './theme.js';

export type HomeOptions = Streams & {
  readonly recipes: readonly HomeRecipe[];
  /** Plans one recipe; called once for each that is looked at. */
  readonly preview: (path: string) => Promise<PreviewResult>;
  readonly version: string;
  readonly style?: Style;
};

/** Lets the user choose a recipe; resolves with its path, or null, once the terminal has been given back. */
export const openHome = async ({
  recipes,
  preview,
  version,
  style,
  ...streams
}: HomeOptions): Promise<string | null> => {
  let chosen: string | null = null;
  const theme = createTheme(style ?? styleFor(streams.stdout, process.env));
  const previews = createPreviews(preview);
  const { closed } = showFullScreen(streams, ({ close, ...mounted }) => {
    const onDone = (path: string | null) => {
      chosen = path;
      close();
    };
    return <Home {...mounted} recipes={recipes} previews={previews} version={version} theme={theme} onDone={onDone} />;
  });
  await closed;
  return chosen;
};
