import { memo } from 'react';
import { displayWidth, padEnd, type Row, span } from '../report/rows.js';
import { type KeyContext, keys } from './keys.js';
import { Lines } from './lines.js';
import { panelLines } from './panel.js';
import type { Theme } from './theme.js';

/** Every key of the table; those that mean nothing at the moment are dim and say so. */
export const helpRows = (context: KeyContext): Row[] => {
  const labelWidth = Math.max(...keys.map(({ label }) => displayWidth(label)));
  const beneath = { ...context, overlay: 'none' } as const;
  return keys.map(({ label, help, valid }) => {
    const now = valid(context) || valid(beneath);
    return [
      span(padEnd(label, labelWidth + 2), now ? 'accent' : 'muted'),
      span(help, now ? undefined : 'muted'),
      span(now ? '' : ' (not now)', 'muted'),
    ];
  });
};

type Props = {
  readonly context: KeyContext;
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly theme: Theme;
};

export const HelpView = memo(({ context, width, height, offset, theme }: Props) => (
  <Lines width={width} lines={panelLines({ title: 'keys', rows: helpRows(context), width, height, offset }, theme)} />
));
