import { memo } from 'react';
import type { PlanSummary } from '../events.js';
import { formatBytes, plural } from '../format.js';
import { planRows } from '../report/plan-text.js';
import type { Row } from '../report/rows.js';
import { Lines } from './lines.js';
import { innerWidth, panelLines } from './panel.js';
import type { Theme } from './theme.js';

/** The plan in one line, for when there are more important things. */
export const planLine = ({ method, models, tensors, bytesRead, bytesWritten }: PlanSummary): string =>
  `${method} of ${plural(models.filter(({ role }) => role === 'input').length, 'model')}, ${plural(tensors, 'tensor')}, ` +
  `reads ${formatBytes(bytesRead)}, writes ${formatBytes(bytesWritten)}`;

export const planPanelRows = (plan: PlanSummary, width: number, theme: Theme): Row[] =>
  planRows(plan, theme, innerWidth(width));

type Props = {
  readonly plan: PlanSummary;
  readonly width: number;
  readonly height: number;
  readonly offset: number;
  readonly theme: Theme;
};

export const PlanView = memo(({ plan, width, height, offset, theme }: Props) => (
  <Lines
    width={width}
    lines={panelLines({ title: 'plan', rows: planPanelRows(plan, width, theme), width, height, offset }, theme)}
  />
));
