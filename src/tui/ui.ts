import type { Action, KeyContext } from './keys.js';

/** What the user has done to the screen, apart from the run. */
export type Ui = {
  readonly overlay: KeyContext['overlay'];
  /** The log fills the screen. */
  readonly log: boolean;
  /** First row shown of the panel that scrolls. */
  readonly offset: number;
  /** How often the run was asked to stop. */
  readonly interrupts: number;
};

export const initialUi: Ui = { overlay: 'none', log: false, offset: 0, interrupts: 0 };

/** How many rows the scrolling panel has and shows. */
export type Extent = { readonly rows: number; readonly height: number };

/** The first row shown, so that the last one is not scrolled past. */
export const offsetIn = (offset: number, { rows, height }: Extent): number =>
  Math.max(0, Math.min(offset, rows - height));

const scrolled = (ui: Ui, to: number, extent: Extent): Ui => ({ ...ui, offset: offsetIn(to, extent) });

export const reduceUi = (ui: Ui, action: Action, extent: Extent): Ui => {
  const offset = offsetIn(ui.offset, extent);
  const half = Math.max(1, Math.floor(extent.height / 2));
  switch (action) {
    case 'help':
      return { ...ui, overlay: 'help', offset: 0 };
    case 'close':
    case 'dismiss':
      return { ...ui, overlay: 'none', offset: 0 };
    case 'ask-stop':
      return { ...ui, overlay: 'confirm' };
    case 'confirm-stop':
    case 'interrupt':
      return { ...ui, overlay: 'none', interrupts: ui.interrupts + 1 };
    case 'log':
      // The newest lines are at the end; the offset is cut to what there is when it is used.
      return { ...ui, log: !ui.log, offset: ui.log ? 0 : Number.MAX_SAFE_INTEGER };
    case 'up':
      return scrolled(ui, offset - 1, extent);
    case 'down':
      return scrolled(ui, offset + 1, extent);
    case 'page-up':
      return scrolled(ui, offset - half, extent);
    case 'page-down':
      return scrolled(ui, offset + half, extent);
    case 'first':
      return { ...ui, offset: 0 };
    case 'last':
      return ui.log ? { ...ui, offset: Number.MAX_SAFE_INTEGER } : scrolled(ui, extent.rows, extent);
    case 'choose':
    case 'leave':
    case 'repaint':
      return ui;
  }
};
