import { memo } from 'react';
import { paintRow, type Row, span } from '../report/rows.js';
import { type KeyContext, validKeys } from './keys.js';
import { Lines } from './lines.js';
import type { Theme } from './theme.js';

/** The keys that mean something now; a question, when there is one, comes first. */
export const footerRow = (context: KeyContext, theme: Theme): Row => {
  const question: Row =
    context.overlay === 'confirm'
      ? [span(' Stop this run? ', 'warning')]
      : context.screen === 'stopping'
        ? [span(' stopping ', 'warning')]
        : [];
  const hints = validKeys(context).flatMap(({ hint }) => (hint === null ? [] : [hint]));
  return [
    ...question,
    ...hints.flatMap(([keys, words], index) => [
      span(index === 0 ? ' ' : ` ${theme.glyphs.dot} `, 'muted'),
      span(keys, 'accent'),
      span(` ${words}`),
    ]),
  ];
};

type Props = { readonly context: KeyContext; readonly width: number; readonly theme: Theme };

export const Footer = memo(({ context, width, theme }: Props) => (
  <Lines width={width} lines={[paintRow(footerRow(context, theme), theme, width)]} />
));
