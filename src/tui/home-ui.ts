import type { Action } from './keys.js';

export type HomeUi = {
  readonly overlay: 'none' | 'help';
  readonly selected: number;
  /** First row shown of the plan, or of the help. */
  readonly offset: number;
};

export const initialHomeUi: HomeUi = { overlay: 'none', selected: 0, offset: 0 };

/** How many recipes there are, and how far the pane that scrolls can go. */
export type HomeExtent = { readonly recipes: number; readonly lastOffset: number; readonly page: number };

export const reduceHome = (ui: HomeUi, action: Action, { recipes, lastOffset, page }: HomeExtent): HomeUi => {
  const offset = Math.max(0, Math.min(ui.offset, lastOffset));
  const scroll = (to: number): HomeUi => ({ ...ui, offset: Math.max(0, Math.min(to, lastOffset)) });
  const select = (to: number): HomeUi => ({ ...ui, selected: Math.max(0, Math.min(to, recipes - 1)), offset: 0 });
  const help = ui.overlay === 'help';
  switch (action) {
    case 'help':
      return { ...ui, overlay: 'help', offset: 0 };
    case 'close':
      return { ...ui, overlay: 'none', offset: 0 };
    case 'up':
      return help ? scroll(offset - 1) : select(ui.selected - 1);
    case 'down':
      return help ? scroll(offset + 1) : select(ui.selected + 1);
    case 'first':
      return help ? scroll(0) : select(0);
    case 'last':
      return help ? scroll(lastOffset) : select(recipes - 1);
    case 'page-up':
      return scroll(offset - page);
    case 'page-down':
      return scroll(offset + page);
    default:
      return ui;
  }
};
